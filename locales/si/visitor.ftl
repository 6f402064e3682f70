confirm-title = Potrdite svojo identiteto
confirm-title-selfie = Potrdite svojo starost
confirm-lead = V naslednjem koraku boste fotografirali osebni dokument in posneli selfi.
confirm-lead-document = V naslednjem koraku boste fotografirali osebni dokument.
confirm-lead-selfie = V naslednjem koraku boste posneli selfi. Na njegovi podlagi bo ocenjena vaša starost.
need-heading = Kaj potrebujete
need-document = Veljaven osebni dokument, na primer potni list, osebno izkaznico ali vozniško dovoljenje
need-camera = Napravo z delujočo kamero
need-face = Dobro svetlobo in nezakrit obraz
need-time = Približno 3 minute
need-time-selfie = Približno 1 minuto
computer-hint = Ste za računalnikom? Preden začnete, lahko isto povezavo odprete na telefonu.
in-app-title = Kamera tukaj morda ne bo delovala
in-app-text = To stran ste odprli v drugi aplikaciji. V meniju aplikacije izberite, da se odpre v vašem brskalniku.
privacy = Preverjanje izvaja iDenfy, tretja oseba, ki obdeluje vaše podatke.
privacy-link = Pravilnik o zasebnosti iDenfy
start = Začni preverjanje

not-found-title = Ta povezava ne obstaja
not-found-text = Preverite naslov ali prosite pošiljatelja za novo povezavo.
expired-title = Ta povezava je potekla
exhausted-title = Ta povezava je že izrabljena
deactivated-title = Ta povezava ni več aktivna
over-text = Prosite pošiljatelja za novo povezavo.
unsigned-title = Ta povezava ni popolna
signature-expired-text = Vrnite se na spletno mesto in poskusite znova.
unavailable-title = Preverjanje trenutno ni na voljo
unavailable-text = Poskusite znova čez nekaj trenutkov. Nič se ni porabilo in vaša povezava še vedno velja.
rate-limited-title = Preveč poskusov
rate-limited-text = Počakajte minuto in poskusite znova. Nič se ni porabilo in vaša povezava še vedno velja.
try-again = Poskusi znova

poster-scan = Skenirajte kodo s kamero telefona
poster-open = Odprite stran in potrdite
poster-address = Ali odprite ta naslov:

button = Potrdi zdaj
