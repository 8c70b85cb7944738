#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trama::email {

// One mail as it was handed over.
struct Envelope {
  std::string helo;
  std::string sender;  // Empty: the null path <> of bounces.
  std::vector<std::string> recipients;
  bool smtputf8 = false;
  std::string message;  // Byte for byte, without the dots that were stuffed.
};

// "250 2.0.0 taken"; without line break.
struct SmtpReply {
  int code = 250;
  std::string text;  // With its enhanced status code (RFC 3463).
};

// The server's side of a dialogue in SMTP (RFC 5321) or LMTP (RFC 2033), as a pure state machine:
// bytes in, bytes out. Promises: only CRLF.CRLF ends a mail and only CRLF ends a command, so that
// nothing can be smuggled past another server's idea of an end; every buffer is bounded; nothing
// that came before STARTTLS is believed after it.
class SmtpSession {
 public:
  enum class Mode { kSmtp, kLmtp };

  // What to say to RCPT TO: a 250 lets it in.
  using CheckRecipient = std::function<SmtpReply(const std::string& address)>;

  struct Options {
    Mode mode = Mode::kSmtp;
    std::string hostname;
    size_t message_bytes_max = 25 * 1024 * 1024;
    size_t recipients_max = 100;
    bool offer_starttls = false;
  };

  static constexpr size_t kLineBytesMax = 2048;  // Commands: 512 by RFC 5321, more with extensions.
  static constexpr int kErrorsMax = 20;          // Then the dialogue ends.

  struct Output {
    std::string replies;           // To be written first.
    std::optional<Envelope> mail;  // Complete: to be settled by Answer before anything else.
    bool start_tls = false;        // After the replies were written.
    bool close = false;            // After the replies were written.
  };

  SmtpSession(Options options, CheckRecipient check)
      : options_(std::move(options)), check_(std::move(check)) {}

  std::string Greeting() const;

  // Goes on until the bytes are used up, or a mail is complete, or TLS is to start; what is left
  // stays for the next call.
  Output Feed(std::string_view bytes);

  // Settles the mail of the last Output, one reply per recipient in their order; SMTP says the
  // worst of them. Then goes on with what had been sent behind the mail.
  Output Answer(const std::vector<SmtpReply>& per_recipient);

  // TLS is there: begin anew.
  void TlsStarted();

  // Is the client in the middle of a mail, between 354 and its end?
  bool in_mail() const { return state_ == State::kData; }
  // What the dialogue keeps in memory, about.
  size_t held_bytes() const { return buffer_.capacity(); }

  // For a dialogue that has to end: shutdown, idle too long.
  static std::string Goodbye(std::string_view hostname, std::string_view why);

 private:
  enum class State { kStart, kGreeted, kMail, kRecipients, kData, kWaiting };

  void Advance(Output& output);
  bool TakeLine(std::string& line, Output& output);
  void TakeData(Output& output);
  void Command(const std::string& line, Output& output);
  void Hello(const std::string& verb, const std::string& argument, Output& output);
  void MailFrom(const std::string& argument, Output& output);
  void RcptTo(const std::string& argument, Output& output);
  void Data(Output& output);
  void StartTls(Output& output);
  void Reset();
  void Say(Output& output, int code, std::string_view text);
  void Refuse(Output& output, int code, std::string_view text);

  const Options options_;
  const CheckRecipient check_;
  State state_ = State::kStart;
  bool tls_ = false;
  int errors_ = 0;
  std::string helo_;
  Envelope envelope_;
  std::string buffer_;
  size_t scanned_ = 0;      // Of buffer_, during DATA: no end before here.
  bool too_large_ = false;  // The mail is being thrown away until its end.
};

}  // namespace trama::email
