confirm-title = 本人確認
confirm-title-selfie = 年齢確認
confirm-lead = 次の画面で、本人確認書類と自撮り写真の撮影をお願いします。
confirm-lead-document = 次の画面で、本人確認書類の撮影をお願いします。
confirm-lead-selfie = 次の画面で、自撮り写真の撮影をお願いします。写真から年齢を推定します。
need-heading = ご用意いただくもの
need-document = 有効な本人確認書類（パスポート、身分証明書、運転免許証など）
need-camera = カメラが使える端末
need-face = 明るい場所（お顔が隠れないようにしてください）
need-time = 所要時間：約3分
need-time-selfie = 所要時間：約1分
computer-hint = パソコンでご覧の場合は、開始する前に同じリンクをスマートフォンで開くこともできます。
in-app-title = ここではカメラが使えない可能性があります
in-app-text = このページは別のアプリ内で開かれています。アプリのメニューからブラウザーで開き直してください。
privacy = 確認は第三者であるiDenfyが行い、お客様のデータを処理します。
privacy-link = iDenfyのプライバシーポリシー
start = 確認を開始する

not-found-title = このリンクは存在しません
not-found-text = アドレスをご確認いただくか、送信元に新しいリンクをご依頼ください。
expired-title = このリンクは有効期限が切れています
exhausted-title = このリンクは使用回数の上限に達しました
deactivated-title = このリンクは現在無効です
over-text = 送信元に新しいリンクをご依頼ください。
unsigned-title = このリンクは不完全です
signature-expired-text = 元のウェブサイトに戻って、もう一度お試しください。
unavailable-title = 現在、確認をご利用いただけません
unavailable-text = しばらくしてからもう一度お試しください。使用回数は消費されておらず、リンクは引き続き有効です。
rate-limited-title = 試行回数が多すぎます
rate-limited-text = 1分ほど待ってから、もう一度お試しください。使用回数は消費されておらず、リンクは引き続き有効です。
try-again = もう一度試す

poster-scan = スマートフォンのカメラでコードを読み取る
poster-open = ページを開いて確認する
poster-address = または次のアドレスを開いてください：

button = 今すぐ確認する
