confirm-title = Verifichi la Sua identità
confirm-title-selfie = Verifichi la Sua età
confirm-lead = Ora Le verrà chiesto di fotografare un documento d’identità e di scattare un selfie.
confirm-lead-document = Ora Le verrà chiesto di fotografare un documento d’identità.
confirm-lead-selfie = Ora Le verrà chiesto di scattare un selfie, dal quale verrà stimata la Sua età.
need-heading = Che cosa Le serve
need-document = Un documento d’identità valido, ad esempio passaporto, carta d’identità o patente di guida
need-camera = Un dispositivo con una fotocamera funzionante
need-face = Una buona luce e il viso scoperto
need-time = Circa 3 minuti
need-time-selfie = Circa 1 minuto
computer-hint = È al computer? Prima di iniziare può aprire questo stesso link sul Suo telefono.
in-app-title = La fotocamera potrebbe non funzionare qui
in-app-text = Ha aperto questa pagina all’interno di un’altra app. Dal menu dell’app, la apra nel Suo browser.
privacy = La verifica è svolta da iDenfy, una terza parte che tratta i Suoi dati.
privacy-link = Informativa sulla privacy di iDenfy
start = Inizia la verifica

not-found-title = Questo link non esiste
not-found-text = Controlli l’indirizzo oppure chieda un nuovo link a chi glielo ha inviato.
expired-title = Questo link è scaduto
exhausted-title = Questo link è esaurito
deactivated-title = Questo link non è più attivo
over-text = Chieda un nuovo link a chi glielo ha inviato.
unsigned-title = Questo link è incompleto
signature-expired-text = Torni al sito web e riprovi.
unavailable-title = La verifica non è disponibile in questo momento
unavailable-text = Riprovi tra qualche istante. Nessun utilizzo è stato consumato e il Suo link è ancora valido.
rate-limited-title = Troppi tentativi
rate-limited-text = Attenda un minuto, poi riprovi. Nessun utilizzo è stato consumato e il Suo link è ancora valido.
try-again = Riprova

poster-scan = Inquadri il codice con la fotocamera del telefono
poster-open = Apra la pagina e confermi
poster-address = Oppure apra questo indirizzo:

button = Verifica ora
