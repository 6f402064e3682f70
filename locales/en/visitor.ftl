# The visitor's pages: the page before the redirect, and the pages of a link that leads nowhere.
# Keep it short and polite. Every language has exactly these messages.

## Before the verification
confirm-title = Verify your identity
# The flow with a selfie alone estimates the visitor's age.
confirm-title-selfie = Verify your age
confirm-lead = Next, you will be asked to photograph an identity document and take a selfie.
confirm-lead-document = Next, you will be asked to photograph an identity document.
confirm-lead-selfie = Next, you will be asked to take a selfie. Your age will be estimated from it.
need-heading = What you will need
need-document = A valid identity document, such as a passport, identity card or driving licence
need-camera = A device with a working camera
need-face = Good light, and nothing covering your face
need-time = About 3 minutes
need-time-selfie = About 1 minute
computer-hint = On a computer? You can open this same link on your phone instead, before you start.
in-app-title = The camera may not work here
in-app-text = You opened this page inside another app. Use the app’s menu to open it in your browser instead.
privacy = The verification is carried out by iDenfy, a third party that processes your data.
privacy-link = iDenfy’s privacy policy
start = Start verification

## When the link leads nowhere
not-found-title = This link does not exist
not-found-text = Please check the address, or ask whoever sent you the link for a new one.
expired-title = This link has expired
exhausted-title = This link has been used up
deactivated-title = This link is no longer active
over-text = Please ask whoever sent you the link for a new one.
# The site that sends its customers here signs each address; these are of such addresses.
unsigned-title = This link is incomplete
signature-expired-text = Please go back to the website you came from, and try again.
unavailable-title = Verification is not available right now
unavailable-text = Please try again in a moment. Nothing was used up, and your link still works.
rate-limited-title = Too many attempts
rate-limited-text = Please wait a minute, then try again. Nothing was used up, and your link still works.
try-again = Try again

## On a printed poster
# Three steps: these two, then the title of the page before the verification.
poster-scan = Scan the code with your phone’s camera
poster-open = Open the page and confirm
# Stands above the link’s address.
poster-address = Or open this address:

## On the operator's own page
# A button that leads to the link.
button = Verify now
