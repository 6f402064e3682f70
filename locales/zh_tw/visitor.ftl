confirm-title = 驗證您的身分
confirm-title-selfie = 驗證您的年齡
confirm-lead = 接下來，您需要拍攝身分證件並自拍。
confirm-lead-document = 接下來，您需要拍攝身分證件。
confirm-lead-selfie = 接下來，您需要自拍。系統將根據照片估算您的年齡。
need-heading = 您需要準備
need-document = 有效的身分證件，例如護照、身分證或駕照
need-camera = 相機可正常使用的裝置
need-face = 光線充足，臉部無遮擋
need-time = 大約 3 分鐘
need-time-selfie = 大約 1 分鐘
computer-hint = 正在使用電腦嗎？開始之前，您也可以在手機上開啟同一個連結。
in-app-title = 相機在此處可能無法使用
in-app-text = 您是在其他應用程式內開啟此頁面。請透過該應用程式的選單，在瀏覽器中開啟。
privacy = 驗證由第三方 iDenfy 執行，該公司將處理您的資料。
privacy-link = iDenfy 隱私權政策
start = 開始驗證

not-found-title = 此連結不存在
not-found-text = 請檢查網址，或向傳送者索取新的連結。
expired-title = 此連結已過期
exhausted-title = 此連結的使用次數已用完
deactivated-title = 此連結已停用
over-text = 請向傳送者索取新的連結。
unsigned-title = 此連結不完整
signature-expired-text = 請返回原網站後再試一次。
unavailable-title = 目前無法進行驗證
unavailable-text = 請稍後再試。未消耗任何使用次數，您的連結仍然有效。
rate-limited-title = 嘗試次數過多
rate-limited-text = 請等候一分鐘後再試。未消耗任何使用次數，您的連結仍然有效。
try-again = 重試

poster-scan = 用手機相機掃描 QR 碼
poster-open = 開啟頁面並確認
poster-address = 或開啟此網址：

button = 立即驗證
