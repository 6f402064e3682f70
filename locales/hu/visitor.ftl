confirm-title = Igazolja személyazonosságát
confirm-title-selfie = Igazolja életkorát
confirm-lead = A következő lépésben le kell fényképeznie egy személyazonosító okmányt, és szelfit kell készítenie.
confirm-lead-document = A következő lépésben le kell fényképeznie egy személyazonosító okmányt.
confirm-lead-selfie = A következő lépésben szelfit kell készítenie. Ez alapján becslés készül az életkoráról.
need-heading = Amire szüksége lesz
need-document = Érvényes személyazonosító okmány, például útlevél, személyi igazolvány vagy vezetői engedély
need-camera = Működő kamerával rendelkező eszköz
need-face = Jó fény és takarás nélküli arc
need-time = Körülbelül 3 perc
need-time-selfie = Körülbelül 1 perc
computer-hint = Számítógépet használ? Mielőtt elkezdi, ugyanezt a hivatkozást a telefonján is megnyithatja.
in-app-title = A kamera itt esetleg nem működik
in-app-text = Ezt az oldalt egy másik alkalmazáson belül nyitotta meg. Az alkalmazás menüjében nyissa meg inkább a böngészőjében.
privacy = Az ellenőrzést az iDenfy végzi, amely harmadik félként kezeli az Ön adatait.
privacy-link = Az iDenfy adatvédelmi szabályzata
start = Ellenőrzés indítása

not-found-title = Ez a hivatkozás nem létezik
not-found-text = Kérjük, ellenőrizze a címet, vagy kérjen új hivatkozást a feladótól.
expired-title = Ez a hivatkozás lejárt
exhausted-title = Ezt a hivatkozást már felhasználták
deactivated-title = Ez a hivatkozás már nem aktív
over-text = Kérjen új hivatkozást a feladótól.
unsigned-title = Ez a hivatkozás hiányos
signature-expired-text = Kérjük, térjen vissza a weboldalra, és próbálja újra.
unavailable-title = Az ellenőrzés most nem érhető el
unavailable-text = Kérjük, próbálja újra néhány pillanat múlva. Semmi sem használódott fel, a hivatkozása továbbra is érvényes.
rate-limited-title = Túl sok próbálkozás
rate-limited-text = Kérjük, várjon egy percet, majd próbálja újra. Semmi sem használódott fel, a hivatkozása továbbra is érvényes.
try-again = Újrapróbálkozás

poster-scan = Olvassa be a kódot telefonja kamerájával
poster-open = Nyissa meg az oldalt, és erősítse meg
poster-address = Vagy nyissa meg ezt a címet:

button = Igazolás most
