confirm-title = 본인 확인
confirm-title-selfie = 연령 확인
confirm-lead = 다음 단계에서 신분증 사진과 셀카를 촬영합니다.
confirm-lead-document = 다음 단계에서 신분증 사진을 촬영합니다.
confirm-lead-selfie = 다음 단계에서 셀카를 촬영합니다. 이 사진으로 연령을 추정합니다.
need-heading = 준비물
need-document = 유효한 신분증(여권, 주민등록증, 운전면허증 등)
need-camera = 카메라가 작동하는 기기
need-face = 밝은 조명과 가려지지 않은 얼굴
need-time = 소요 시간 약 3분
need-time-selfie = 소요 시간 약 1분
computer-hint = 컴퓨터를 사용 중이신가요? 시작하기 전에 같은 링크를 휴대전화에서 여실 수 있습니다.
in-app-title = 여기서는 카메라가 작동하지 않을 수 있습니다
in-app-text = 이 페이지는 다른 앱 안에서 열렸습니다. 앱 메뉴를 이용해 브라우저에서 열어 주세요.
privacy = 확인 절차는 제3자인 iDenfy가 진행하며, iDenfy가 귀하의 데이터를 처리합니다.
privacy-link = iDenfy 개인정보 처리방침
start = 확인 시작

not-found-title = 존재하지 않는 링크입니다
not-found-text = 주소를 확인하시거나 링크를 보낸 분에게 새 링크를 요청해 주세요.
expired-title = 만료된 링크입니다
exhausted-title = 사용 횟수가 모두 소진된 링크입니다
deactivated-title = 더 이상 사용할 수 없는 링크입니다
over-text = 링크를 보낸 분에게 새 링크를 요청해 주세요.
unsigned-title = 완전하지 않은 링크입니다
signature-expired-text = 웹사이트로 돌아가서 다시 시도해 주세요.
unavailable-title = 지금은 확인을 진행할 수 없습니다
unavailable-text = 잠시 후 다시 시도해 주세요. 사용 횟수는 차감되지 않았으며 링크는 계속 유효합니다.
rate-limited-title = 시도 횟수가 너무 많습니다
rate-limited-text = 1분 후 다시 시도해 주세요. 사용 횟수는 차감되지 않았으며 링크는 계속 유효합니다.
try-again = 다시 시도

poster-scan = 휴대전화 카메라로 코드를 스캔하세요
poster-open = 페이지를 열고 확인을 누르세요
poster-address = 또는 다음 주소를 여세요:

button = 지금 확인하기
