confirm-title = Vahvista henkilöllisyytesi
confirm-title-selfie = Vahvista ikäsi
confirm-lead = Seuraavaksi sinua pyydetään kuvaamaan henkilöllisyysasiakirja ja ottamaan selfie.
confirm-lead-document = Seuraavaksi sinua pyydetään kuvaamaan henkilöllisyysasiakirja.
confirm-lead-selfie = Seuraavaksi sinua pyydetään ottamaan selfie, jonka perusteella ikäsi arvioidaan.
need-heading = Mitä tarvitset
need-document = Voimassa oleva henkilöllisyysasiakirja, kuten passi, henkilökortti tai ajokortti
need-camera = Laite, jossa on toimiva kamera
need-face = Hyvä valaistus ja peittämättömät kasvot
need-time = Noin 3 minuuttia
need-time-selfie = Noin 1 minuutti
computer-hint = Oletko tietokoneella? Voit avata saman linkin puhelimessasi ennen aloittamista.
in-app-title = Kamera ei ehkä toimi täällä
in-app-text = Avasit tämän sivun toisen sovelluksen sisällä. Avaa se sovelluksen valikosta selaimessasi.
privacy = Tarkistuksen tekee iDenfy, ulkopuolinen palveluntarjoaja, joka käsittelee tietojasi.
privacy-link = iDenfyn tietosuojakäytäntö
start = Aloita tarkistus

not-found-title = Tätä linkkiä ei ole
not-found-text = Tarkista osoite tai pyydä lähettäjältä uusi linkki.
expired-title = Tämä linkki on vanhentunut
exhausted-title = Tämä linkki on käytetty loppuun
deactivated-title = Tämä linkki ei ole enää käytössä
over-text = Pyydä lähettäjältä uusi linkki.
unsigned-title = Tämä linkki on epätäydellinen
signature-expired-text = Palaa verkkosivustolle ja yritä uudelleen.
unavailable-title = Tarkistus ei ole juuri nyt mahdollinen
unavailable-text = Yritä hetken kuluttua uudelleen. Käyttökertoja ei kulunut, ja linkkisi on yhä voimassa.
rate-limited-title = Liian monta yritystä
rate-limited-text = Odota minuutti ja yritä sitten uudelleen. Käyttökertoja ei kulunut, ja linkkisi on yhä voimassa.
try-again = Yritä uudelleen

poster-scan = Skannaa koodi puhelimesi kameralla
poster-open = Avaa sivu ja vahvista
poster-address = Tai avaa tämä osoite:

button = Vahvista nyt
