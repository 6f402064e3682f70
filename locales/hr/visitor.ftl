confirm-title = Potvrdite svoj identitet
confirm-title-selfie = Potvrdite svoju dob
confirm-lead = U sljedećem koraku fotografirat ćete osobni dokument i snimiti selfi.
confirm-lead-document = U sljedećem koraku fotografirat ćete osobni dokument.
confirm-lead-selfie = U sljedećem koraku snimit ćete selfi. Na temelju njega procijenit će se vaša dob.
need-heading = Što vam je potrebno
need-document = Važeći osobni dokument, na primjer putovnica, osobna iskaznica ili vozačka dozvola
need-camera = Uređaj s ispravnom kamerom
need-face = Dobro svjetlo i otkriveno lice
need-time = Oko 3 minute
need-time-selfie = Oko 1 minute
computer-hint = Na računalu ste? Prije početka istu poveznicu možete otvoriti na telefonu.
in-app-title = Kamera ovdje možda neće raditi
in-app-text = Ovu ste stranicu otvorili unutar druge aplikacije. Putem izbornika aplikacije otvorite je u svojem pregledniku.
privacy = Provjeru provodi iDenfy, treća strana koja obrađuje vaše podatke.
privacy-link = Pravila o privatnosti tvrtke iDenfy
start = Započni provjeru

not-found-title = Ova poveznica ne postoji
not-found-text = Provjerite adresu ili zamolite pošiljatelja za novu poveznicu.
expired-title = Ova je poveznica istekla
exhausted-title = Ova je poveznica iskorištena
deactivated-title = Ova poveznica više nije aktivna
over-text = Zamolite pošiljatelja za novu poveznicu.
unsigned-title = Ova poveznica nije potpuna
signature-expired-text = Vratite se na web-stranicu i pokušajte ponovno.
unavailable-title = Provjera trenutačno nije dostupna
unavailable-text = Pokušajte ponovno za nekoliko trenutaka. Ništa nije potrošeno i vaša poveznica i dalje vrijedi.
rate-limited-title = Previše pokušaja
rate-limited-text = Pričekajte minutu pa pokušajte ponovno. Ništa nije potrošeno i vaša poveznica i dalje vrijedi.
try-again = Pokušaj ponovno

poster-scan = Skenirajte kôd kamerom telefona
poster-open = Otvorite stranicu i potvrdite
poster-address = Ili otvorite ovu adresu:

button = Potvrdi sada
