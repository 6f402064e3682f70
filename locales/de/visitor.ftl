confirm-title = Identität bestätigen
confirm-title-selfie = Alter bestätigen
confirm-lead = Als Nächstes werden Sie gebeten, ein Ausweisdokument zu fotografieren und ein Selfie aufzunehmen.
confirm-lead-document = Als Nächstes werden Sie gebeten, ein Ausweisdokument zu fotografieren.
confirm-lead-selfie = Als Nächstes werden Sie gebeten, ein Selfie aufzunehmen. Daraus wird Ihr Alter geschätzt.
need-heading = Das brauchen Sie
need-document = Ein gültiges Ausweisdokument, zum Beispiel Reisepass, Personalausweis oder Führerschein
need-camera = Ein Gerät mit funktionierender Kamera
need-face = Gutes Licht und ein unbedecktes Gesicht
need-time = Etwa 3 Minuten Zeit
need-time-selfie = Etwa 1 Minute Zeit
computer-hint = Sie sitzen am Computer? Sie können denselben Link auch auf Ihrem Smartphone öffnen, bevor Sie beginnen.
in-app-title = Die Kamera funktioniert hier möglicherweise nicht
in-app-text = Sie haben diese Seite in einer anderen App geöffnet. Öffnen Sie sie bitte über das Menü der App in Ihrem Browser.
privacy = Die Prüfung wird von iDenfy durchgeführt. Dieser Drittanbieter verarbeitet dabei Ihre Daten.
privacy-link = Datenschutzerklärung von iDenfy
start = Prüfung starten

not-found-title = Diesen Link gibt es nicht
not-found-text = Bitte prüfen Sie die Adresse oder fragen Sie beim Absender nach einem neuen Link.
expired-title = Dieser Link ist abgelaufen
exhausted-title = Dieser Link ist aufgebraucht
deactivated-title = Dieser Link ist nicht mehr aktiv
over-text = Bitte fragen Sie beim Absender nach einem neuen Link.
unsigned-title = Dieser Link ist unvollständig
signature-expired-text = Bitte gehen Sie zurück zur Website und versuchen Sie es noch einmal.
unavailable-title = Die Prüfung ist gerade nicht möglich
unavailable-text = Bitte versuchen Sie es gleich noch einmal. Es wurde nichts verbraucht, Ihr Link gilt weiterhin.
rate-limited-title = Zu viele Versuche
rate-limited-text = Bitte warten Sie eine Minute und versuchen Sie es dann erneut. Es wurde nichts verbraucht, Ihr Link gilt weiterhin.
try-again = Erneut versuchen

poster-scan = Scannen Sie den Code mit der Kamera Ihres Telefons
poster-open = Öffnen Sie die Seite und bestätigen Sie
poster-address = Oder öffnen Sie diese Adresse:

button = Jetzt verifizieren
