confirm-title = Bekräfta din identitet
confirm-title-selfie = Bekräfta din ålder
confirm-lead = Härnäst får du fotografera en id-handling och ta en selfie.
confirm-lead-document = Härnäst får du fotografera en id-handling.
confirm-lead-selfie = Härnäst får du ta en selfie. Din ålder uppskattas utifrån den.
need-heading = Det här behöver du
need-document = En giltig id-handling, till exempel pass, id-kort eller körkort
need-camera = En enhet med en fungerande kamera
need-face = Bra ljus och inget som täcker ansiktet
need-time = Ungefär 3 minuter
need-time-selfie = Ungefär 1 minut
computer-hint = Sitter du vid en dator? Du kan öppna samma länk på telefonen i stället innan du börjar.
in-app-title = Kameran kanske inte fungerar här
in-app-text = Du har öppnat sidan inne i en annan app. Använd appens meny för att öppna den i din webbläsare i stället.
privacy = Kontrollen utförs av iDenfy, en tredje part som behandlar dina uppgifter.
privacy-link = iDenfys integritetspolicy
start = Starta kontrollen

not-found-title = Länken finns inte
not-found-text = Kontrollera adressen eller be avsändaren om en ny länk.
expired-title = Länken har gått ut
exhausted-title = Länken är förbrukad
deactivated-title = Länken är inte längre aktiv
over-text = Be avsändaren om en ny länk.
unsigned-title = Länken är ofullständig
signature-expired-text = Gå tillbaka till webbplatsen och försök igen.
unavailable-title = Kontrollen är inte tillgänglig just nu
unavailable-text = Försök igen om en stund. Inget har förbrukats och din länk gäller fortfarande.
rate-limited-title = För många försök
rate-limited-text = Vänta en minut och försök sedan igen. Inget har förbrukats och din länk gäller fortfarande.
try-again = Försök igen

poster-scan = Skanna koden med telefonens kamera
poster-open = Öppna sidan och bekräfta
poster-address = Eller öppna den här adressen:

button = Bekräfta nu
