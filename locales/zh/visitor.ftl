confirm-title = 验证您的身份
confirm-title-selfie = 验证您的年龄
confirm-lead = 接下来，您需要拍摄身份证件并自拍。
confirm-lead-document = 接下来，您需要拍摄身份证件。
confirm-lead-selfie = 接下来，您需要自拍。系统将根据照片估算您的年龄。
need-heading = 您需要准备
need-document = 有效的身份证件，例如护照、身份证或驾驶证
need-camera = 摄像头可正常使用的设备
need-face = 光线充足，面部无遮挡
need-time = 大约 3 分钟
need-time-selfie = 大约 1 分钟
computer-hint = 正在使用电脑？开始之前，您也可以在手机上打开同一链接。
in-app-title = 摄像头在此处可能无法使用
in-app-text = 您是在其他应用内打开此页面的。请通过该应用的菜单在浏览器中打开。
privacy = 验证由第三方 iDenfy 进行，该公司将处理您的数据。
privacy-link = iDenfy 隐私政策
start = 开始验证

not-found-title = 此链接不存在
not-found-text = 请检查网址，或向发送者索取新链接。
expired-title = 此链接已过期
exhausted-title = 此链接的使用次数已用完
deactivated-title = 此链接已停用
over-text = 请向发送者索取新链接。
unsigned-title = 此链接不完整
signature-expired-text = 请返回原网站后重试。
unavailable-title = 暂时无法进行验证
unavailable-text = 请稍后再试。未消耗任何使用次数，您的链接仍然有效。
rate-limited-title = 尝试次数过多
rate-limited-text = 请等待一分钟后再试。未消耗任何使用次数，您的链接仍然有效。
try-again = 重试

poster-scan = 用手机相机扫描二维码
poster-open = 打开页面并确认
poster-address = 或打开此网址：

button = 立即验证
