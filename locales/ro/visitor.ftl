confirm-title = Verificați-vă identitatea
confirm-title-selfie = Verificați-vă vârsta
confirm-lead = În continuare vi se va cere să fotografiați un act de identitate și să vă faceți un selfie.
confirm-lead-document = În continuare vi se va cere să fotografiați un act de identitate.
confirm-lead-selfie = În continuare vi se va cere să vă faceți un selfie. Pe baza lui vi se va estima vârsta.
need-heading = De ce aveți nevoie
need-document = Un act de identitate valabil, de exemplu pașaport, carte de identitate sau permis de conducere
need-camera = Un dispozitiv cu o cameră funcțională
need-face = Lumină bună și fața descoperită
need-time = Aproximativ 3 minute
need-time-selfie = Aproximativ 1 minut
computer-hint = Sunteți la calculator? Înainte de a începe, puteți deschide același link pe telefon.
in-app-title = Este posibil ca aici camera să nu funcționeze
in-app-text = Ați deschis această pagină în interiorul altei aplicații. Folosiți meniul aplicației pentru a o deschide în browser.
privacy = Verificarea este efectuată de iDenfy, o terță parte care vă prelucrează datele.
privacy-link = Politica de confidențialitate iDenfy
start = Începeți verificarea

not-found-title = Acest link nu există
not-found-text = Verificați adresa sau cereți un link nou celui care vi l-a trimis.
expired-title = Acest link a expirat
exhausted-title = Acest link a fost deja utilizat
deactivated-title = Acest link nu mai este activ
over-text = Cereți un link nou celui care vi l-a trimis.
unsigned-title = Acest link este incomplet
signature-expired-text = Reveniți pe site și încercați din nou.
unavailable-title = Verificarea nu este disponibilă momentan
unavailable-text = Încercați din nou peste câteva clipe. Nu s-a consumat nimic, iar linkul dumneavoastră este în continuare valabil.
rate-limited-title = Prea multe încercări
rate-limited-text = Așteptați un minut, apoi încercați din nou. Nu s-a consumat nimic, iar linkul dumneavoastră este în continuare valabil.
try-again = Încercați din nou

poster-scan = Scanați codul cu camera telefonului
poster-open = Deschideți pagina și confirmați
poster-address = Sau deschideți această adresă:

button = Verificați acum
