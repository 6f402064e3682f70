confirm-title = Bekreft identiteten din
confirm-title-selfie = Bekreft alderen din
confirm-lead = Nå blir du bedt om å fotografere et identitetsdokument og ta en selfie.
confirm-lead-document = Nå blir du bedt om å fotografere et identitetsdokument.
confirm-lead-selfie = Nå blir du bedt om å ta en selfie. Alderen din anslås ut fra den.
need-heading = Dette trenger du
need-document = Et gyldig identitetsdokument, for eksempel pass, ID-kort eller førerkort
need-camera = En enhet med et kamera som virker
need-face = Godt lys og ingenting som dekker ansiktet
need-time = Omtrent 3 minutter
need-time-selfie = Omtrent 1 minutt
computer-hint = Sitter du ved en datamaskin? Du kan åpne den samme lenken på telefonen i stedet før du begynner.
in-app-title = Kameraet virker kanskje ikke her
in-app-text = Du har åpnet siden inne i en annen app. Bruk menyen i appen til å åpne den i nettleseren din i stedet.
privacy = Kontrollen utføres av iDenfy, en tredjepart som behandler opplysningene dine.
privacy-link = Personvernerklæringen til iDenfy
start = Start kontrollen

not-found-title = Denne lenken finnes ikke
not-found-text = Kontroller adressen, eller be avsenderen om en ny lenke.
expired-title = Denne lenken er utløpt
exhausted-title = Denne lenken er brukt opp
deactivated-title = Denne lenken er ikke lenger aktiv
over-text = Be avsenderen om en ny lenke.
unsigned-title = Denne lenken er ufullstendig
signature-expired-text = Gå tilbake til nettstedet og prøv igjen.
unavailable-title = Kontrollen er ikke tilgjengelig akkurat nå
unavailable-text = Prøv igjen om et øyeblikk. Ingenting er brukt, og lenken din gjelder fortsatt.
rate-limited-title = For mange forsøk
rate-limited-text = Vent et minutt, og prøv så igjen. Ingenting er brukt, og lenken din gjelder fortsatt.
try-again = Prøv igjen

poster-scan = Skann koden med kameraet på telefonen
poster-open = Åpne siden og bekreft
poster-address = Eller åpne denne adressen:

button = Bekreft nå
