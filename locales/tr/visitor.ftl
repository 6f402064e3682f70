confirm-title = Kimliğinizi doğrulayın
confirm-title-selfie = Yaşınızı doğrulayın
confirm-lead = Şimdi sizden bir kimlik belgesinin fotoğrafını çekmeniz ve bir selfie çekmeniz istenecek.
confirm-lead-document = Şimdi sizden bir kimlik belgesinin fotoğrafını çekmeniz istenecek.
confirm-lead-selfie = Şimdi sizden bir selfie çekmeniz istenecek. Yaşınız bu selfie’ye göre tahmin edilecek.
need-heading = Gerekenler
need-document = Pasaport, kimlik kartı veya sürücü belgesi gibi geçerli bir kimlik belgesi
need-camera = Kamerası çalışan bir cihaz
need-face = İyi bir ışık ve açık bir yüz
need-time = Yaklaşık 3 dakika
need-time-selfie = Yaklaşık 1 dakika
computer-hint = Bilgisayarda mısınız? Başlamadan önce aynı bağlantıyı telefonunuzda açabilirsiniz.
in-app-title = Kamera burada çalışmayabilir
in-app-text = Bu sayfayı başka bir uygulamanın içinde açtınız. Lütfen uygulamanın menüsünden tarayıcınızda açın.
privacy = Doğrulama, verilerinizi işleyen üçüncü taraf iDenfy tarafından yapılır.
privacy-link = iDenfy gizlilik politikası
start = Doğrulamayı başlat

not-found-title = Böyle bir bağlantı yok
not-found-text = Lütfen adresi kontrol edin veya bağlantıyı gönderen kişiden yenisini isteyin.
expired-title = Bu bağlantının süresi doldu
exhausted-title = Bu bağlantının kullanım hakkı bitti
deactivated-title = Bu bağlantı artık etkin değil
over-text = Lütfen bağlantıyı gönderen kişiden yenisini isteyin.
unsigned-title = Bu bağlantı eksik
signature-expired-text = Lütfen web sitesine dönüp tekrar deneyin.
unavailable-title = Doğrulama şu anda kullanılamıyor
unavailable-text = Lütfen biraz sonra tekrar deneyin. Kullanım hakkınız eksilmedi, bağlantınız hâlâ geçerli.
rate-limited-title = Çok fazla deneme yapıldı
rate-limited-text = Lütfen bir dakika bekleyip tekrar deneyin. Kullanım hakkınız eksilmedi, bağlantınız hâlâ geçerli.
try-again = Tekrar dene

poster-scan = Kodu telefonunuzun kamerasıyla tarayın
poster-open = Sayfayı açın ve onaylayın
poster-address = Ya da bu adresi açın:

button = Şimdi doğrula
