confirm-title = Patvirtinkite savo tapatybę
confirm-title-selfie = Patvirtinkite savo amžių
confirm-lead = Toliau jūsų paprašys nufotografuoti asmens dokumentą ir padaryti asmenukę.
confirm-lead-document = Toliau jūsų paprašys nufotografuoti asmens dokumentą.
confirm-lead-selfie = Toliau jūsų paprašys padaryti asmenukę. Pagal ją bus įvertintas jūsų amžius.
need-heading = Ko jums reikės
need-document = Galiojančio asmens dokumento, pavyzdžiui, paso, asmens tapatybės kortelės arba vairuotojo pažymėjimo
need-camera = Įrenginio su veikiančia kamera
need-face = Gero apšvietimo ir neuždengto veido
need-time = Maždaug 3 minučių
need-time-selfie = Maždaug 1 minutės
computer-hint = Naudojatės kompiuteriu? Prieš pradėdami tą pačią nuorodą galite atidaryti savo telefone.
in-app-title = Kamera čia gali neveikti
in-app-text = Šį puslapį atidarėte kitoje programėlėje. Programėlės meniu pasirinkite atidaryti jį savo naršyklėje.
privacy = Patikrą atlieka „iDenfy“ – trečioji šalis, tvarkanti jūsų duomenis.
privacy-link = „iDenfy“ privatumo politika
start = Pradėti patikrą

not-found-title = Tokios nuorodos nėra
not-found-text = Patikrinkite adresą arba paprašykite siuntėjo naujos nuorodos.
expired-title = Šios nuorodos galiojimas baigėsi
exhausted-title = Ši nuoroda jau išnaudota
deactivated-title = Ši nuoroda nebeaktyvi
over-text = Paprašykite siuntėjo naujos nuorodos.
unsigned-title = Ši nuoroda yra ne visa
signature-expired-text = Grįžkite į svetainę ir pabandykite dar kartą.
unavailable-title = Patikra šiuo metu negalima
unavailable-text = Po akimirkos pabandykite dar kartą. Nieko nepraradote, jūsų nuoroda tebegalioja.
rate-limited-title = Per daug bandymų
rate-limited-text = Palaukite minutę ir pabandykite dar kartą. Nieko nepraradote, jūsų nuoroda tebegalioja.
try-again = Bandyti dar kartą

poster-scan = Nuskaitykite kodą telefono kamera
poster-open = Atidarykite puslapį ir patvirtinkite
poster-address = Arba atidarykite šį adresą:

button = Patvirtinti dabar
