confirm-title = Kinnitage oma isik
confirm-title-selfie = Kinnitage oma vanus
confirm-lead = Järgmisena palutakse teil pildistada isikut tõendav dokument ja teha selfi.
confirm-lead-document = Järgmisena palutakse teil pildistada isikut tõendav dokument.
confirm-lead-selfie = Järgmisena palutakse teil teha selfi. Selle põhjal hinnatakse teie vanust.
need-heading = Mida teil on vaja
need-document = Kehtiv isikut tõendav dokument, näiteks pass, ID-kaart või juhiluba
need-camera = Töötava kaameraga seade
need-face = Hea valgus ja katmata nägu
need-time = Umbes 3 minutit
need-time-selfie = Umbes 1 minut
computer-hint = Kas olete arvuti taga? Enne alustamist võite sama lingi avada hoopis telefonis.
in-app-title = Kaamera ei pruugi siin töötada
in-app-text = Avasite selle lehe teise rakenduse sees. Avage see rakenduse menüü kaudu oma brauseris.
privacy = Kontrolli teeb iDenfy, kolmas isik, kes töötleb teie andmeid.
privacy-link = iDenfy privaatsuspoliitika
start = Alusta kontrolli

not-found-title = Sellist linki ei ole
not-found-text = Palun kontrollige aadressi või küsige saatjalt uus link.
expired-title = See link on aegunud
exhausted-title = See link on ära kasutatud
deactivated-title = See link ei ole enam aktiivne
over-text = Palun küsige saatjalt uus link.
unsigned-title = See link ei ole täielik
signature-expired-text = Palun minge tagasi veebisaidile ja proovige uuesti.
unavailable-title = Kontroll ei ole praegu võimalik
unavailable-text = Palun proovige hetke pärast uuesti. Ühtegi kasutuskorda ei kulunud ja teie link kehtib endiselt.
rate-limited-title = Liiga palju katseid
rate-limited-text = Palun oodake minut ja proovige siis uuesti. Ühtegi kasutuskorda ei kulunud ja teie link kehtib endiselt.
try-again = Proovi uuesti

poster-scan = Skannige kood telefoni kaameraga
poster-open = Avage leht ja kinnitage
poster-address = Või avage see aadress:

button = Kinnita kohe
