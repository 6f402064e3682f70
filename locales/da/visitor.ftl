confirm-title = Bekræft din identitet
confirm-title-selfie = Bekræft din alder
confirm-lead = Nu bliver du bedt om at fotografere et identitetsdokument og tage en selfie.
confirm-lead-document = Nu bliver du bedt om at fotografere et identitetsdokument.
confirm-lead-selfie = Nu bliver du bedt om at tage en selfie. Din alder anslås ud fra den.
need-heading = Det skal du bruge
need-document = Et gyldigt identitetsdokument, for eksempel pas, id-kort eller kørekort
need-camera = En enhed med et kamera, der virker
need-face = Godt lys og et utildækket ansigt
need-time = Cirka 3 minutter
need-time-selfie = Cirka 1 minut
computer-hint = Sidder du ved en computer? Du kan åbne det samme link på din telefon, før du går i gang.
in-app-title = Kameraet virker måske ikke her
in-app-text = Du har åbnet siden inde i en anden app. Brug appens menu til at åbne den i din browser i stedet.
privacy = Kontrollen udføres af iDenfy, en tredjepart, som behandler dine oplysninger.
privacy-link = iDenfys privatlivspolitik
start = Start kontrollen

not-found-title = Linket findes ikke
not-found-text = Kontrollér adressen, eller bed afsenderen om et nyt link.
expired-title = Linket er udløbet
exhausted-title = Linket er brugt op
deactivated-title = Linket er ikke længere aktivt
over-text = Bed afsenderen om et nyt link.
unsigned-title = Linket er ikke fuldstændigt
signature-expired-text = Gå tilbage til hjemmesiden, og prøv igen.
unavailable-title = Kontrollen er ikke tilgængelig lige nu
unavailable-text = Prøv igen om et øjeblik. Der er ikke brugt noget, og dit link gælder stadig.
rate-limited-title = For mange forsøg
rate-limited-text = Vent et minut, og prøv så igen. Der er ikke brugt noget, og dit link gælder stadig.
try-again = Prøv igen

poster-scan = Scan koden med telefonens kamera
poster-open = Åbn siden, og bekræft
poster-address = Eller åbn denne adresse:

button = Bekræft nu
