confirm-title = Verifique a sua identidade
confirm-title-selfie = Verifique a sua idade
confirm-lead = A seguir, ser-lhe-á pedido que fotografe um documento de identificação e tire uma selfie.
confirm-lead-document = A seguir, ser-lhe-á pedido que fotografe um documento de identificação.
confirm-lead-selfie = A seguir, ser-lhe-á pedido que tire uma selfie, a partir da qual a sua idade será estimada.
need-heading = O que é necessário
need-document = Um documento de identificação válido, por exemplo passaporte, cartão de cidadão ou carta de condução
need-camera = Um dispositivo com uma câmara a funcionar
need-face = Boa luz e o rosto descoberto
need-time = Cerca de 3 minutos
need-time-selfie = Cerca de 1 minuto
computer-hint = Está num computador? Antes de começar, pode abrir este mesmo link no seu telemóvel.
in-app-title = A câmara pode não funcionar aqui
in-app-text = Abriu esta página dentro de outra aplicação. Utilize o menu da aplicação para a abrir no seu navegador.
privacy = A verificação é realizada pela iDenfy, uma entidade terceira que trata os seus dados.
privacy-link = Política de privacidade da iDenfy
start = Iniciar a verificação

not-found-title = Este link não existe
not-found-text = Verifique o endereço ou peça um novo link a quem lho enviou.
expired-title = Este link expirou
exhausted-title = Este link está esgotado
deactivated-title = Este link já não está ativo
over-text = Peça um novo link a quem lho enviou.
unsigned-title = Este link está incompleto
signature-expired-text = Volte ao site e tente novamente.
unavailable-title = A verificação não está disponível neste momento
unavailable-text = Tente novamente dentro de instantes. Nada foi descontado e o seu link continua válido.
rate-limited-title = Demasiadas tentativas
rate-limited-text = Aguarde um minuto e tente novamente. Nada foi descontado e o seu link continua válido.
try-again = Tentar novamente

poster-scan = Leia o código com a câmara do seu telemóvel
poster-open = Abra a página e confirme
poster-address = Ou abra este endereço:

button = Verificar agora
