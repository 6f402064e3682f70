confirm-title = Verifikasi identitas Anda
confirm-title-selfie = Verifikasi usia Anda
confirm-lead = Selanjutnya, Anda akan diminta memotret dokumen identitas dan mengambil swafoto.
confirm-lead-document = Selanjutnya, Anda akan diminta memotret dokumen identitas.
confirm-lead-selfie = Selanjutnya, Anda akan diminta mengambil swafoto. Usia Anda akan diperkirakan dari foto itu.
need-heading = Yang Anda perlukan
need-document = Dokumen identitas yang masih berlaku, misalnya paspor, KTP, atau SIM
need-camera = Perangkat dengan kamera yang berfungsi
need-face = Cahaya yang cukup dan wajah yang tidak tertutup
need-time = Sekitar 3 menit
need-time-selfie = Sekitar 1 menit
computer-hint = Menggunakan komputer? Sebelum mulai, Anda dapat membuka tautan yang sama di ponsel.
in-app-title = Kamera mungkin tidak berfungsi di sini
in-app-text = Anda membuka halaman ini di dalam aplikasi lain. Gunakan menu aplikasi tersebut untuk membukanya di peramban Anda.
privacy = Verifikasi dilakukan oleh iDenfy, pihak ketiga yang memproses data Anda.
privacy-link = Kebijakan privasi iDenfy
start = Mulai verifikasi

not-found-title = Tautan ini tidak ada
not-found-text = Silakan periksa alamatnya atau minta tautan baru kepada pengirimnya.
expired-title = Tautan ini sudah kedaluwarsa
exhausted-title = Tautan ini sudah habis terpakai
deactivated-title = Tautan ini sudah tidak aktif
over-text = Silakan minta tautan baru kepada pengirimnya.
unsigned-title = Tautan ini tidak lengkap
signature-expired-text = Silakan kembali ke situs web dan coba lagi.
unavailable-title = Verifikasi sedang tidak tersedia
unavailable-text = Silakan coba lagi sebentar lagi. Tidak ada yang terpakai dan tautan Anda masih berlaku.
rate-limited-title = Terlalu banyak percobaan
rate-limited-text = Silakan tunggu satu menit, lalu coba lagi. Tidak ada yang terpakai dan tautan Anda masih berlaku.
try-again = Coba lagi

poster-scan = Pindai kode dengan kamera ponsel Anda
poster-open = Buka halaman dan konfirmasi
poster-address = Atau buka alamat ini:

button = Verifikasi sekarang
