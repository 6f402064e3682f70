confirm-title = Bevestig uw identiteit
confirm-title-selfie = Bevestig uw leeftijd
confirm-lead = U wordt zo gevraagd een identiteitsdocument te fotograferen en een selfie te maken.
confirm-lead-document = U wordt zo gevraagd een identiteitsdocument te fotograferen.
confirm-lead-selfie = U wordt zo gevraagd een selfie te maken. Aan de hand daarvan wordt uw leeftijd geschat.
need-heading = Dit hebt u nodig
need-document = Een geldig identiteitsdocument, zoals een paspoort, identiteitskaart of rijbewijs
need-camera = Een apparaat met een werkende camera
need-face = Goed licht en een onbedekt gezicht
need-time = Ongeveer 3 minuten
need-time-selfie = Ongeveer 1 minuut
computer-hint = Zit u achter een computer? U kunt dezelfde link ook op uw telefoon openen voordat u begint.
in-app-title = De camera werkt hier mogelijk niet
in-app-text = U hebt deze pagina in een andere app geopend. Open de pagina via het menu van die app in uw browser.
privacy = De verificatie wordt uitgevoerd door iDenfy, een derde partij die uw gegevens verwerkt.
privacy-link = Privacybeleid van iDenfy
start = Verificatie starten

not-found-title = Deze link bestaat niet
not-found-text = Controleer het adres of vraag de afzender om een nieuwe link.
expired-title = Deze link is verlopen
exhausted-title = Deze link is opgebruikt
deactivated-title = Deze link is niet meer actief
over-text = Vraag de afzender om een nieuwe link.
unsigned-title = Deze link is onvolledig
signature-expired-text = Ga terug naar de website en probeer het opnieuw.
unavailable-title = Verificatie is op dit moment niet mogelijk
unavailable-text = Probeer het zo meteen opnieuw. Er is niets verbruikt en uw link blijft geldig.
rate-limited-title = Te veel pogingen
rate-limited-text = Wacht een minuut en probeer het dan opnieuw. Er is niets verbruikt en uw link blijft geldig.
try-again = Opnieuw proberen

poster-scan = Scan de code met de camera van uw telefoon
poster-open = Open de pagina en bevestig
poster-address = Of open dit adres:

button = Nu verifiëren
