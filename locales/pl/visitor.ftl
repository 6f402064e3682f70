confirm-title = Potwierdzenie tożsamości
confirm-title-selfie = Potwierdzenie wieku
confirm-lead = Za chwilę poprosimy o sfotografowanie dokumentu tożsamości i zrobienie selfie.
confirm-lead-document = Za chwilę poprosimy o sfotografowanie dokumentu tożsamości.
confirm-lead-selfie = Za chwilę poprosimy o zrobienie selfie. Na jego podstawie zostanie oszacowany Państwa wiek.
need-heading = Co będzie potrzebne
need-document = Ważny dokument tożsamości, na przykład paszport, dowód osobisty lub prawo jazdy
need-camera = Urządzenie z działającym aparatem
need-face = Dobre światło i odsłonięta twarz
need-time = Około 3 minut
need-time-selfie = Około 1 minuty
computer-hint = Korzystają Państwo z komputera? Przed rozpoczęciem można otworzyć ten sam link na telefonie.
in-app-title = Aparat może tu nie działać
in-app-text = Ta strona została otwarta w innej aplikacji. Prosimy użyć menu aplikacji, aby otworzyć ją w przeglądarce.
privacy = Weryfikację przeprowadza iDenfy, podmiot zewnętrzny, który przetwarza Państwa dane.
privacy-link = Polityka prywatności iDenfy
start = Rozpocznij weryfikację

not-found-title = Ten link nie istnieje
not-found-text = Prosimy sprawdzić adres lub zwrócić się do nadawcy o nowy link.
expired-title = Ten link wygasł
exhausted-title = Ten link został już wykorzystany
deactivated-title = Ten link nie jest już aktywny
over-text = Prosimy zwrócić się do nadawcy o nowy link.
unsigned-title = Ten link jest niekompletny
signature-expired-text = Prosimy wrócić na stronę internetową i spróbować ponownie.
unavailable-title = Weryfikacja jest teraz niedostępna
unavailable-text = Prosimy spróbować ponownie za chwilę. Nic nie zostało wykorzystane, a link nadal działa.
rate-limited-title = Zbyt wiele prób
rate-limited-text = Prosimy odczekać minutę i spróbować ponownie. Nic nie zostało wykorzystane, a link nadal działa.
try-again = Spróbuj ponownie

poster-scan = Zeskanuj kod aparatem telefonu
poster-open = Otwórz stronę i potwierdź
poster-address = Albo otwórz ten adres:

button = Potwierdź teraz
