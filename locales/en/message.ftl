# Messages by email and SMS. Every language has exactly these messages.
# What is put in: name, what the person is called; organisation, who asks for the verification; title, what the visitor's
# pages call the verification; date, a date and time such as 2027-03-01 12:00 UTC.
greeting = Hello { $name },
greeting-nameless = Hello,
subject-reminder = Reminder: { $title }
text = Please use this link for your verification. It takes only a few minutes.
text-invitation = { $organisation } asks you to complete a short online verification. It takes only a few minutes.
text-reminder = { $organisation } is still waiting for your verification. Please complete it with this link.
once = This link is meant for you alone and works only once. Please do not forward it.
until = The link is valid until { $date }.
footer = You received this email because { $organisation } asked for your verification. If you did not expect it, you can ignore it.
unsubscribe = Unsubscribe
unsubscribe-text = Do you want to stop receiving invitations and reminders from { $organisation } by email?
unsubscribed = Done. You will no longer receive these emails.
