confirm-title = Vérifiez votre identité
confirm-title-selfie = Vérifiez votre âge
confirm-lead = Il vous sera ensuite demandé de photographier une pièce d’identité et de prendre un selfie.
confirm-lead-document = Il vous sera ensuite demandé de photographier une pièce d’identité.
confirm-lead-selfie = Il vous sera ensuite demandé de prendre un selfie, à partir duquel votre âge sera estimé.
need-heading = Ce qu’il vous faut
need-document = Une pièce d’identité valide, par exemple un passeport, une carte d’identité ou un permis de conduire
need-camera = Un appareil dont la caméra fonctionne
need-face = Un bon éclairage et un visage bien visible
need-time = Environ 3 minutes
need-time-selfie = Environ 1 minute
computer-hint = Vous êtes sur un ordinateur ? Avant de commencer, vous pouvez ouvrir ce même lien sur votre téléphone.
in-app-title = La caméra risque de ne pas fonctionner ici
in-app-text = Vous avez ouvert cette page dans une autre application. Utilisez le menu de celle-ci pour l’ouvrir dans votre navigateur.
privacy = La vérification est effectuée par iDenfy, un tiers qui traite vos données.
privacy-link = Politique de confidentialité d’iDenfy
start = Commencer la vérification

not-found-title = Ce lien n’existe pas
not-found-text = Veuillez vérifier l’adresse ou demander un nouveau lien à la personne qui vous l’a envoyé.
expired-title = Ce lien a expiré
exhausted-title = Ce lien est épuisé
deactivated-title = Ce lien n’est plus actif
over-text = Veuillez demander un nouveau lien à la personne qui vous l’a envoyé.
unsigned-title = Ce lien est incomplet
signature-expired-text = Veuillez retourner sur le site web et réessayer.
unavailable-title = La vérification est momentanément indisponible
unavailable-text = Veuillez réessayer dans un instant. Rien n’a été décompté et votre lien reste valable.
rate-limited-title = Trop de tentatives
rate-limited-text = Veuillez patienter une minute, puis réessayer. Rien n’a été décompté et votre lien reste valable.
try-again = Réessayer

poster-scan = Scannez le code avec l’appareil photo de votre téléphone
poster-open = Ouvrez la page et confirmez
poster-address = Ou ouvrez cette adresse :

button = Vérifier maintenant
