confirm-title = Ověřte svou totožnost
confirm-title-selfie = Ověřte svůj věk
confirm-lead = Nyní budete vyzváni k vyfotografování dokladu totožnosti a pořízení selfie.
confirm-lead-document = Nyní budete vyzváni k vyfotografování dokladu totožnosti.
confirm-lead-selfie = Nyní budete vyzváni k pořízení selfie. Podle něj bude odhadnut váš věk.
need-heading = Co budete potřebovat
need-document = Platný doklad totožnosti, například cestovní pas, občanský průkaz nebo řidičský průkaz
need-camera = Zařízení s funkčním fotoaparátem
need-face = Dobré světlo a nezakrytý obličej
need-time = Asi 3 minuty
need-time-selfie = Asi 1 minutu
computer-hint = Jste u počítače? Než začnete, můžete tentýž odkaz otevřít v telefonu.
in-app-title = Fotoaparát zde nemusí fungovat
in-app-text = Tuto stránku jste otevřeli uvnitř jiné aplikace. Otevřete ji prosím přes nabídku aplikace ve svém prohlížeči.
privacy = Ověření provádí iDenfy, třetí strana, která zpracovává vaše údaje.
privacy-link = Zásady ochrany osobních údajů iDenfy
start = Zahájit ověření

not-found-title = Tento odkaz neexistuje
not-found-text = Zkontrolujte prosím adresu nebo požádejte odesílatele o nový odkaz.
expired-title = Platnost tohoto odkazu vypršela
exhausted-title = Tento odkaz je již vyčerpán
deactivated-title = Tento odkaz již není aktivní
over-text = Požádejte prosím odesílatele o nový odkaz.
unsigned-title = Tento odkaz není úplný
signature-expired-text = Vraťte se prosím na web, odkud přicházíte, a zkuste to znovu.
unavailable-title = Ověření teď není dostupné
unavailable-text = Zkuste to prosím za chvíli znovu. Nic se nespotřebovalo a váš odkaz stále platí.
rate-limited-title = Příliš mnoho pokusů
rate-limited-text = Počkejte prosím minutu a zkuste to znovu. Nic se nespotřebovalo a váš odkaz stále platí.
try-again = Zkusit znovu

poster-scan = Naskenujte kód fotoaparátem telefonu
poster-open = Otevřete stránku a potvrďte
poster-address = Nebo otevřete tuto adresu:

button = Ověřit nyní
