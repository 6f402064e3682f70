confirm-title = Apstipriniet savu identitāti
confirm-title-selfie = Apstipriniet savu vecumu
confirm-lead = Tālāk jums lūgs nofotografēt personu apliecinošu dokumentu un uzņemt pašbildi.
confirm-lead-document = Tālāk jums lūgs nofotografēt personu apliecinošu dokumentu.
confirm-lead-selfie = Tālāk jums lūgs uzņemt pašbildi. Pēc tās tiks novērtēts jūsu vecums.
need-heading = Kas jums būs vajadzīgs
need-document = Derīgs personu apliecinošs dokuments, piemēram, pase, personas apliecība vai vadītāja apliecība
need-camera = Ierīce ar strādājošu kameru
need-face = Labs apgaismojums un neaizsegta seja
need-time = Apmēram 3 minūtes
need-time-selfie = Apmēram 1 minūte
computer-hint = Vai esat pie datora? Pirms sākat, šo pašu saiti varat atvērt savā tālrunī.
in-app-title = Kamera šeit var nedarboties
in-app-text = Jūs atvērāt šo lapu citā lietotnē. Izmantojiet lietotnes izvēlni, lai to atvērtu savā pārlūkā.
privacy = Pārbaudi veic iDenfy — trešā persona, kas apstrādā jūsu datus.
privacy-link = iDenfy privātuma politika
start = Sākt pārbaudi

not-found-title = Šādas saites nav
not-found-text = Lūdzu, pārbaudiet adresi vai palūdziet sūtītājam jaunu saiti.
expired-title = Šīs saites derīgums ir beidzies
exhausted-title = Šī saite ir izlietota
deactivated-title = Šī saite vairs nav aktīva
over-text = Palūdziet sūtītājam jaunu saiti.
unsigned-title = Šī saite nav pilnīga
signature-expired-text = Lūdzu, atgriezieties vietnē un mēģiniet vēlreiz.
unavailable-title = Pārbaude pašlaik nav pieejama
unavailable-text = Lūdzu, pēc brīža mēģiniet vēlreiz. Nekas nav izlietots, un jūsu saite joprojām ir derīga.
rate-limited-title = Pārāk daudz mēģinājumu
rate-limited-text = Lūdzu, uzgaidiet minūti un mēģiniet vēlreiz. Nekas nav izlietots, un jūsu saite joprojām ir derīga.
try-again = Mēģināt vēlreiz

poster-scan = Noskenējiet kodu ar tālruņa kameru
poster-open = Atveriet lapu un apstipriniet
poster-address = Vai atveriet šo adresi:

button = Apstiprināt tagad
