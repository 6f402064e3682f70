confirm-title = Verifique su identidad
confirm-title-selfie = Verifique su edad
confirm-lead = A continuación se le pedirá que fotografíe un documento de identidad y se haga un selfi.
confirm-lead-document = A continuación se le pedirá que fotografíe un documento de identidad.
confirm-lead-selfie = A continuación se le pedirá que se haga un selfi, a partir del cual se estimará su edad.
need-heading = Qué necesita
need-document = Un documento de identidad válido, por ejemplo pasaporte, tarjeta de identidad o permiso de conducir
need-camera = Un dispositivo con una cámara que funcione
need-face = Buena luz y el rostro descubierto
need-time = Unos 3 minutos
need-time-selfie = Cerca de 1 minuto
computer-hint = ¿Está en un ordenador? Antes de empezar, puede abrir este mismo enlace en su teléfono.
in-app-title = Es posible que la cámara no funcione aquí
in-app-text = Ha abierto esta página dentro de otra aplicación. Use el menú de la aplicación para abrirla en su navegador.
privacy = La verificación la realiza iDenfy, un tercero que trata sus datos.
privacy-link = Política de privacidad de iDenfy
start = Iniciar la verificación

not-found-title = Este enlace no existe
not-found-text = Compruebe la dirección o pida un enlace nuevo a quien se lo envió.
expired-title = Este enlace ha caducado
exhausted-title = Este enlace ya no tiene usos disponibles
deactivated-title = Este enlace ya no está activo
over-text = Pida un enlace nuevo a quien se lo envió.
unsigned-title = Este enlace está incompleto
signature-expired-text = Vuelva al sitio web e inténtelo de nuevo.
unavailable-title = La verificación no está disponible en este momento
unavailable-text = Vuelva a intentarlo en unos instantes. No se ha consumido ningún uso y su enlace sigue siendo válido.
rate-limited-title = Demasiados intentos
rate-limited-text = Espere un minuto y vuelva a intentarlo. No se ha consumido ningún uso y su enlace sigue siendo válido.
try-again = Volver a intentarlo

poster-scan = Escanee el código con la cámara de su teléfono
poster-open = Abra la página y confirme
poster-address = O abra esta dirección:

button = Verificar ahora
