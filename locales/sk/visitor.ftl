confirm-title = Overte svoju totožnosť
confirm-title-selfie = Overte svoj vek
confirm-lead = Teraz budete vyzvaní na odfotografovanie dokladu totožnosti a zhotovenie selfie.
confirm-lead-document = Teraz budete vyzvaní na odfotografovanie dokladu totožnosti.
confirm-lead-selfie = Teraz budete vyzvaní na zhotovenie selfie. Podľa neho sa odhadne váš vek.
need-heading = Čo budete potrebovať
need-document = Platný doklad totožnosti, napríklad cestovný pas, občiansky preukaz alebo vodičský preukaz
need-camera = Zariadenie s funkčným fotoaparátom
need-face = Dobré svetlo a nezakrytú tvár
need-time = Asi 3 minúty
need-time-selfie = Asi 1 minútu
computer-hint = Ste pri počítači? Skôr než začnete, môžete ten istý odkaz otvoriť v telefóne.
in-app-title = Fotoaparát tu nemusí fungovať
in-app-text = Túto stránku ste otvorili v inej aplikácii. Otvorte ju, prosím, cez ponuku aplikácie vo svojom prehliadači.
privacy = Overenie vykonáva iDenfy, tretia strana, ktorá spracúva vaše údaje.
privacy-link = Zásady ochrany osobných údajov iDenfy
start = Začať overenie

not-found-title = Tento odkaz neexistuje
not-found-text = Skontrolujte, prosím, adresu alebo požiadajte odosielateľa o nový odkaz.
expired-title = Platnosť tohto odkazu vypršala
exhausted-title = Tento odkaz je už vyčerpaný
deactivated-title = Tento odkaz už nie je aktívny
over-text = Požiadajte, prosím, odosielateľa o nový odkaz.
unsigned-title = Tento odkaz nie je úplný
signature-expired-text = Vráťte sa, prosím, na webovú stránku a skúste to znova.
unavailable-title = Overenie teraz nie je dostupné
unavailable-text = Skúste to, prosím, o chvíľu znova. Nič sa nespotrebovalo a váš odkaz stále platí.
rate-limited-title = Príliš veľa pokusov
rate-limited-text = Počkajte, prosím, minútu a skúste to znova. Nič sa nespotrebovalo a váš odkaz stále platí.
try-again = Skúsiť znova

poster-scan = Naskenujte kód fotoaparátom telefónu
poster-open = Otvorte stránku a potvrďte
poster-address = Alebo otvorte túto adresu:

button = Overiť teraz
