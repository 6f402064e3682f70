confirm-title = Vahvistakaa henkilöllisyytenne
confirm-title-selfie = Vahvistakaa ikänne
confirm-lead = Seuraavaksi teitä pyydetään kuvaamaan henkilöllisyysasiakirja ja ottamaan selfie.
confirm-lead-document = Seuraavaksi teitä pyydetään kuvaamaan henkilöllisyysasiakirja.
confirm-lead-selfie = Seuraavaksi teitä pyydetään ottamaan selfie, jonka perusteella ikänne arvioidaan.
need-heading = Mitä tarvitsette
need-document = Voimassa oleva henkilöllisyysasiakirja, kuten passi, henkilökortti tai ajokortti
need-camera = Laite, jossa on toimiva kamera
need-face = Hyvä valaistus ja peittämättömät kasvot
need-time = Noin 3 minuuttia
need-time-selfie = Noin 1 minuutti
computer-hint = Oletteko tietokoneella? Voitte avata saman linkin puhelimessanne ennen aloittamista.
in-app-title = Kamera ei ehkä toimi täällä
in-app-text = Avasitte tämän sivun toisen sovelluksen sisällä. Avatkaa se sovelluksen valikosta selaimessanne.
privacy = Tarkistuksen tekee iDenfy, ulkopuolinen palveluntarjoaja, joka käsittelee tietojanne.
privacy-link = iDenfyn tietosuojakäytäntö
start = Aloita tarkistus

not-found-title = Tätä linkkiä ei ole
not-found-text = Tarkistakaa osoite tai pyytäkää lähettäjältä uusi linkki.
expired-title = Tämä linkki on vanhentunut
exhausted-title = Tämä linkki on käytetty loppuun
deactivated-title = Tämä linkki ei ole enää käytössä
over-text = Pyytäkää lähettäjältä uusi linkki.
unsigned-title = Tämä linkki on epätäydellinen
signature-expired-text = Palatkaa verkkosivustolle ja yrittäkää uudelleen.
unavailable-title = Tarkistus ei ole juuri nyt mahdollinen
unavailable-text = Yrittäkää hetken kuluttua uudelleen. Käyttökertoja ei kulunut, ja linkkinne on yhä voimassa.
rate-limited-title = Liian monta yritystä
rate-limited-text = Odottakaa minuutti ja yrittäkää sitten uudelleen. Käyttökertoja ei kulunut, ja linkkinne on yhä voimassa.
try-again = Yritä uudelleen

poster-scan = Skannaa koodi puhelimesi kameralla
poster-open = Avaa sivu ja vahvista
poster-address = Tai avaa tämä osoite:

button = Vahvista nyt
