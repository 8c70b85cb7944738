#include "services/channels/email/mail_parser.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/channels/email/flowed.h"
#include "services/channels/email/gmime.h"
#include "services/channels/email/mail_report.h"
#include "services/kernel/digest.h"
#include "services/kernel/strings.h"
#include "services/kernel/text.h"

namespace trama::email {
namespace {

constexpr char kUnknownType[] = "application/octet-stream";
constexpr size_t kContentTypeBytesMax = 255;
constexpr size_t kContentIdBytesMax = 255;
constexpr size_t kThreadIndexBytes = 22;  // The thread's part; what follows are its replies.

std::string Text(const char* text) {
  if (text == nullptr) return "";
  // Cut first: a header may be as long as the mail.
  const std::string_view cut = std::string_view(text).substr(0, kHeaderBytesMax);
  return std::string(TruncateUtf8(CleanUtf8(cut), kHeaderBytesMax));
}

GPtr<GMimeStream> StreamOf(std::string_view bytes) {
  return GPtr<GMimeStream>(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
}

std::string BytesOf(GMimeStream* stream) {
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

// The decoded bytes of a part; those of a whole message for message/rfc822.
std::string ContentOf(GMimeObject* object) {
  const GPtr<GMimeStream> stream(g_mime_stream_mem_new());
  if (GMIME_IS_PART(object)) {
    GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(object));
    if (content != nullptr) g_mime_data_wrapper_write_to_stream(content, stream.get());
  } else if (GMIME_IS_MESSAGE_PART(object)) {
    GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    if (inner != nullptr) {
      g_mime_object_write_to_stream(GMIME_OBJECT(inner), nullptr, stream.get());
    }
  } else {
    g_mime_object_write_to_stream(object, nullptr, stream.get());
  }
  return BytesOf(stream.get());
}

std::string TypeOf(GMimeObject* object) {
  GMimeContentType* type = g_mime_object_get_content_type(object);
  if (type == nullptr) return kUnknownType;
  const GText text(g_mime_content_type_get_mime_type(type));
  std::string name = absl::AsciiStrToLower(Text(text.get()));
  return name.size() <= kContentTypeBytesMax ? name : kUnknownType;
}

// Without any folder; control characters away.
std::string SafeFileName(std::string name) {
  if (const size_t slash = name.find_last_of("/\\"); slash != std::string::npos) {
    name.erase(0, slash + 1);
  }
  name.erase(std::remove_if(name.begin(), name.end(),
                            [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
             name.end());
  return std::string(TruncateUtf8(name, 255));
}

// The charset that is meant by a name that iconv does not know, or that is commonly wrong: what is
// called Latin-1 or ASCII is windows-1252 (https://encoding.spec.whatwg.org/#names-and-labels).
// Null: as it is named.
const char* CharsetMeant(const char* named) {
  if (named == nullptr) return nullptr;
  static constexpr std::pair<const char*, const char*> kMeant[] = {
      {"iso-8859-1", "windows-1252"},
      {"iso8859-1", "windows-1252"},
      {"latin1", "windows-1252"},
      {"us-ascii", "windows-1252"},
      {"ascii", "windows-1252"},
      {"cp-850", "cp850"},
      {"x-gbk", "gbk"},
      {"x-sjis", "shift_jis"},
      {"x-euc-jp", "euc-jp"},
      {"unicode-1-1-utf-7", "utf-7"},
  };
  for (const auto& [name, meant] : kMeant) {
    if (absl::EqualsIgnoreCase(named, name)) return meant;
  }
  return nullptr;
}

class BodyWalk {
 public:
  explicit BodyWalk(ParsedMail& mail) : mail_(mail) {}

  void Visit(GMimeObject* object, int depth) {
    if (mail_.pieces.size() >= kPartsMax) return Odd("more parts than are read");
    if (depth > kPartDepthMax) {
      Odd("parts nested deeper than is read");
      return AddFile(object);
    }
    if (GMIME_IS_MULTIPART(object)) return VisitMultipart(GMIME_MULTIPART(object), depth);
    if (VisitReport(object)) return;
    if (GMIME_IS_MESSAGE_PART(object)) {
      if (!mail_.report_type.empty()) ReadReportedHeaders(ContentOf(object), mail_);
      return AddFile(object);
    }
    if (GMIME_IS_PART(object) && HasBrokenType(object)) {
      Odd("a part whose type cannot be read; taken as text");
      return AddText("text/plain", CleanUtf8(ContentOf(object)));
    }
    if (!IsFile(object) && GMIME_IS_TEXT_PART(object)) return AddText(GMIME_TEXT_PART(object));
    AddFile(object);
  }

 private:
  void VisitMultipart(GMimeMultipart* multipart, int depth) {
    const int count = g_mime_multipart_get_count(multipart);
    if (TypeOf(GMIME_OBJECT(multipart)) == "multipart/report") {
      const char* type =
          g_mime_object_get_content_type_parameter(GMIME_OBJECT(multipart), "report-type");
      mail_.report_type = type == nullptr ? kDeliveryReport : absl::AsciiStrToLower(Text(type));
    }
    if (count == 0) {
      Odd("a multipart without parts");
      AddFile(GMIME_OBJECT(multipart));
    }
    for (int i = 0; i < count; ++i) Visit(g_mime_multipart_get_part(multipart, i), depth + 1);
  }

  // True for the machine's part of a report, which nobody wants to read.
  bool VisitReport(GMimeObject* object) {
    const std::string type = TypeOf(object);
    if (type == "message/delivery-status" || type == "message/global-delivery-status") {
      mail_.report_type = kDeliveryReport;
      ReadDeliveryStatus(ContentOf(object), mail_);
    } else if (type == "message/disposition-notification") {
      ReadDisposition(ContentOf(object), mail_);
    } else if (!mail_.report_type.empty() &&
               (type == "text/rfc822-headers" || type == "message/global-headers")) {
      ReadReportedHeaders(ContentOf(object), mail_);
    } else {
      return false;
    }
    return true;
  }

  static bool IsFile(GMimeObject* object) {
    const char* disposition = g_mime_object_get_disposition(object);
    if (disposition != nullptr && absl::EqualsIgnoreCase(disposition, "attachment")) return true;
    const std::string type = TypeOf(object);
    return type != "text/plain" && type != "text/html";
  }

  static bool HasParameter(GMimeObject* object, const char* name, const char* value) {
    const char* found = g_mime_object_get_content_type_parameter(object, name);
    return found != nullptr && absl::EqualsIgnoreCase(found, value);
  }

  // "Content-Type: text" and the like: then it is text/plain (RFC 2045, 5.2).
  static bool HasBrokenType(GMimeObject* object) {
    const char* type = g_mime_object_get_header(object, "Content-Type");
    return type != nullptr && std::string_view(type).find('/') == std::string_view::npos;
  }

  void AddText(GMimeTextPart* part) {
    const std::string type = TypeOf(GMIME_OBJECT(part));
    if (const char* charset = CharsetMeant(g_mime_text_part_get_charset(part))) {
      g_mime_text_part_set_charset(part, charset);
    }
    const GText text(g_mime_text_part_get_text(part));
    if (text == nullptr) Odd("a text in an unknown charset");
    std::string clean = text != nullptr ? CleanUtf8(std::string_view(text.get()))
                                        : CleanUtf8(ContentOf(GMIME_OBJECT(part)));
    if (type == "text/plain" && HasParameter(GMIME_OBJECT(part), "format", "flowed")) {
      clean = Unflowed(clean, HasParameter(GMIME_OBJECT(part), "delsp", "yes"));
    }
    AddText(type, std::move(clean));
  }

  void AddText(const std::string& type, std::string text) {
    Piece& piece = mail_.pieces.emplace_back();
    piece.kind = type == "text/html" ? Piece::Kind::kHtml : Piece::Kind::kPlain;
    piece.content_type = type;
    piece.text = TruncateUtf8(text, text_left_);
    text_left_ -= piece.text.size();
    if (piece.text.size() == text.size()) return;
    // An event cannot carry it: its beginning is the text, all of it is a file.
    Odd("a text too long to be shown whole; kept as a file");
    Piece whole;
    whole.kind = Piece::Kind::kFile;
    whole.content_type = type;
    whole.file_name = type == "text/html" ? "text.html" : "text.txt";
    whole.bytes = std::move(text);
    mail_.pieces.push_back(std::move(whole));
  }

  void AddFile(GMimeObject* object) {
    Piece& piece = mail_.pieces.emplace_back();
    piece.kind = Piece::Kind::kFile;
    piece.content_type = TypeOf(object);
    piece.bytes = ContentOf(object);
    if (GMIME_IS_PART(object)) {
      piece.file_name = SafeFileName(Text(g_mime_part_get_filename(GMIME_PART(object))));
      piece.content_id = Text(g_mime_part_get_content_id(GMIME_PART(object)));
      if (piece.content_id.size() > kContentIdBytesMax) piece.content_id.clear();
    } else if (GMIME_IS_MESSAGE_PART(object)) {
      piece.file_name = "message.eml";
    }
    const char* disposition = g_mime_object_get_disposition(object);
    piece.is_inline = disposition != nullptr ? absl::EqualsIgnoreCase(disposition, "inline")
                                             : !piece.content_id.empty();
  }

  void Odd(const char* what) {
    if (std::find(mail_.anomalies.begin(), mail_.anomalies.end(), what) == mail_.anomalies.end()) {
      mail_.anomalies.push_back(what);
    }
  }

  ParsedMail& mail_;
  size_t text_left_ = kTextBytesMax;
};

void AddMailboxes(InternetAddressList* list, std::vector<Address>& out) {
  if (list == nullptr) return;
  for (int i = 0; i < internet_address_list_length(list) && out.size() < kAddressesMax; ++i) {
    InternetAddress* one = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_MAILBOX(one)) {
      out.push_back({Text(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one))),
                     Text(internet_address_get_name(one))});
    } else if (INTERNET_ADDRESS_IS_GROUP(one)) {
      AddMailboxes(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one)), out);
    }
  }
}

// "from a by b.test (c) with d" → "b.test".
std::string ReceivedBy(std::string_view value) {
  const std::vector<std::string> words =
      absl::StrSplit(ToAbsl(value), absl::ByAnyChar(" \t\r\n;"), absl::SkipEmpty());
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (absl::EqualsIgnoreCase(words[i], "by")) return absl::AsciiStrToLower(words[i + 1]);
  }
  return "";
}

void ReadHeaders(GMimeMessage* message, ParsedMail& mail) {
  GMimeHeaderList* list = g_mime_object_get_header_list(GMIME_OBJECT(message));
  static const auto* singletons = new std::set<std::string>(
      {"from", "sender", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
       "reply-to", "mime-version", "content-type"});
  std::set<std::string> repeated;
  for (int i = 0; i < g_mime_header_list_get_count(list); ++i) {
    GMimeHeader* header = g_mime_header_list_get_header_at(list, i);
    const std::string name = absl::AsciiStrToLower(Text(g_mime_header_get_name(header)));
    const std::string value = Text(g_mime_header_get_value(header));
    if (name == "received") {
      ++mail.received_count;
      if (std::string by = ReceivedBy(value); !by.empty()) {
        mail.received_by.push_back(std::move(by));
      }
    }
    if (name == "authentication-results") mail.authentication_results.push_back(value);
    const bool first = mail.headers.emplace(name, value).second;
    if (!first && singletons->contains(name)) repeated.insert(name);
  }
  for (const std::string& name : repeated) {
    mail.anomalies.push_back(absl::StrCat("second ", name, " header ignored"));
  }
}

std::string HeaderOf(const ParsedMail& mail, const std::string& name) {
  const auto it = mail.headers.find(name);
  return it == mail.headers.end() ? "" : it->second;
}

void ReadThread(ParsedMail& mail) {
  mail.in_reply_to = MessageIds(HeaderOf(mail, "in-reply-to"));
  mail.references = MessageIds(HeaderOf(mail, "references"));
  std::string index;
  if (absl::Base64Unescape(HeaderOf(mail, "thread-index"), &index) &&
      index.size() >= kThreadIndexBytes) {
    mail.thread_index = absl::Base64Escape(index.substr(0, kThreadIndexBytes));
  }
}

// A mail that no parser understands is still a text that somebody wrote.
void KeepWhole(std::string_view raw, ParsedMail& mail) {
  mail.anomalies.push_back("not readable as a mail; kept whole");
  Piece& piece = mail.pieces.emplace_back();
  piece.text = CleanUtf8(raw.substr(0, kHeaderBytesMax));
  piece.content_type = "text/plain";
  Piece& file = mail.pieces.emplace_back();
  file.kind = Piece::Kind::kFile;
  file.bytes = std::string(raw);
  file.content_type = "message/rfc822";
  file.file_name = "original.eml";
}

}  // namespace

std::vector<std::string> MessageIds(std::string_view header) {
  std::vector<std::string> ids;
  for (size_t open = header.find('<');
       open != std::string_view::npos && ids.size() < kReferencesReadMax;
       open = header.find('<', open + 1)) {
    const size_t close = header.find('>', open);
    if (close == std::string_view::npos) break;
    std::string id(header.substr(open, close - open + 1));
    id.erase(std::remove_if(id.begin(), id.end(), [](unsigned char c) { return c <= 0x20; }),
             id.end());
    // An empty id would thread strangers together.
    if (id.size() > 2 && id.size() < 999) ids.push_back(std::move(id));
    open = close;
  }
  return ids;
}

std::string BodyHash(std::string_view raw) {
  const size_t crlf = raw.find("\r\n\r\n");
  const size_t bare = raw.find("\n\n");
  const size_t end = std::min(crlf, bare);
  if (end != std::string_view::npos) raw.remove_prefix(end + (end == crlf ? 4 : 2));
  std::string canonical;
  canonical.reserve(raw.size());
  size_t line_ends = 0;  // Not yet written: those at the end of the mail do not count.
  bool space = false;    // The same of white space at the end of a line.
  for (const char c : raw) {
    if (c == '\n') {
      ++line_ends;
      space = false;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      space = true;
    } else {
      canonical.append(std::exchange(line_ends, 0), '\n');
      if (std::exchange(space, false)) canonical.push_back(' ');
      canonical.push_back(c);
    }
  }
  return HexSha256(canonical);
}

ParsedMail ParseMail(std::string_view raw) {
  InitGmime();
  ParsedMail mail;
  const GPtr<GMimeStream> stream = StreamOf(raw);
  const GPtr<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const GPtr<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (message != nullptr) {
    ReadHeaders(message.get(), mail);
    std::vector<Address> from;
    AddMailboxes(g_mime_message_get_from(message.get()), from);
    if (!from.empty()) mail.from = from.front();
    if (from.size() > 1) mail.anomalies.push_back("several authors in From; the first counts");
    AddMailboxes(g_mime_message_get_to(message.get()), mail.to);
    AddMailboxes(g_mime_message_get_cc(message.get()), mail.to);
    mail.subject = Text(g_mime_message_get_subject(message.get()));
    if (GDateTime* date = g_mime_message_get_date(message.get()); date != nullptr) {
      mail.date = absl::FromUnixSeconds(g_date_time_to_unix(date));
    }
    ReadThread(mail);
    GMimeObject* body = g_mime_message_get_mime_part(message.get());
    if (body != nullptr) BodyWalk(mail).Visit(body, 0);
  }
  if (mail.headers.empty()) KeepWhole(raw, mail);
  const std::vector<std::string> ids = MessageIds(HeaderOf(mail, "message-id"));
  if (!ids.empty()) {
    mail.message_id = ids.front();
  } else {
    mail.message_id = absl::StrCat("<", HexSha256(raw), "@missing.local>");
    mail.anomalies.push_back("no message id; one was made up");
  }
  return mail;
}

}  // namespace trama::email
