confirm-title = Xác minh danh tính của bạn
confirm-title-selfie = Xác minh tuổi của bạn
confirm-lead = Tiếp theo, bạn sẽ được yêu cầu chụp ảnh giấy tờ tùy thân và chụp ảnh chân dung (selfie).
confirm-lead-document = Tiếp theo, bạn sẽ được yêu cầu chụp ảnh giấy tờ tùy thân.
confirm-lead-selfie = Tiếp theo, bạn sẽ được yêu cầu chụp ảnh chân dung (selfie). Tuổi của bạn sẽ được ước tính từ ảnh này.
need-heading = Bạn cần chuẩn bị
need-document = Giấy tờ tùy thân còn hiệu lực, chẳng hạn hộ chiếu, căn cước công dân hoặc giấy phép lái xe
need-camera = Thiết bị có camera hoạt động tốt
need-face = Đủ ánh sáng và không che khuôn mặt
need-time = Khoảng 3 phút
need-time-selfie = Khoảng 1 phút
computer-hint = Bạn đang dùng máy tính? Trước khi bắt đầu, bạn có thể mở chính liên kết này trên điện thoại.
in-app-title = Camera có thể không hoạt động ở đây
in-app-text = Bạn đã mở trang này bên trong một ứng dụng khác. Vui lòng dùng menu của ứng dụng để mở trang trong trình duyệt.
privacy = Việc xác minh do iDenfy, một bên thứ ba xử lý dữ liệu của bạn, thực hiện.
privacy-link = Chính sách quyền riêng tư của iDenfy
start = Bắt đầu xác minh

not-found-title = Liên kết này không tồn tại
not-found-text = Vui lòng kiểm tra địa chỉ hoặc xin liên kết mới từ người đã gửi cho bạn.
expired-title = Liên kết này đã hết hạn
exhausted-title = Liên kết này đã hết lượt sử dụng
deactivated-title = Liên kết này không còn hoạt động
over-text = Vui lòng xin liên kết mới từ người đã gửi cho bạn.
unsigned-title = Liên kết này không đầy đủ
signature-expired-text = Vui lòng quay lại trang web và thử lại.
unavailable-title = Hiện không thể xác minh
unavailable-text = Vui lòng thử lại sau giây lát. Chưa có lượt nào bị trừ và liên kết của bạn vẫn còn hiệu lực.
rate-limited-title = Quá nhiều lần thử
rate-limited-text = Vui lòng đợi một phút rồi thử lại. Chưa có lượt nào bị trừ và liên kết của bạn vẫn còn hiệu lực.
try-again = Thử lại

poster-scan = Quét mã bằng camera điện thoại
poster-open = Mở trang và xác nhận
poster-address = Hoặc mở địa chỉ này:

button = Xác minh ngay
