#include "services/channels/email/compose.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/time_util.h"
#include "services/channels/email/gmime.h"
#include "services/kernel/email_address.h"
#include "services/kernel/strings.h"

namespace trama::email {
namespace {

using types::v1::Media;
using types::v1::Text;

bool IsHeaderSafe(const std::string& text) {
  return text.find_first_of("\r\n") == std::string::npos && text.find('\0') == std::string::npos;
}

struct Bodies {
  std::string plain;
  std::string html;
  std::vector<const Media*> media;
};

// The texts of one format go into one body, in order.
Bodies BodiesOf(const outbound::v1::OutboundMessage& message) {
  Bodies bodies;
  for (const types::v1::Part& part : message.parts()) {
    if (part.has_media()) bodies.media.push_back(&part.media());
    if (!part.has_text()) continue;
    std::string& body = part.text().format() == Text::FORMAT_HTML ? bodies.html : bodies.plain;
    absl::StrAppend(&body, body.empty() ? "" : "\n\n", part.text().body());
  }
  if (bodies.plain.empty() && !bodies.html.empty()) bodies.plain = HtmlToText(bodies.html);
  if (bodies.html.empty() && !bodies.plain.empty()) bodies.html = TextToHtml(bodies.plain);
  return bodies;
}

void SetContent(GMimePart* part, const std::string& bytes, GMimeContentEncoding encoding) {
  const GPtr<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  const GPtr<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part, content.get());
  g_mime_part_set_content_encoding(part, encoding);
}

// Not GMimeTextPart, which would look for a charset of its own.
GPtr<GMimeObject> TextPart(const char* subtype, const std::string& text) {
  GMimePart* part = g_mime_part_new_with_type("text", subtype);
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
  SetContent(part, text, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  return GPtr<GMimeObject>(GMIME_OBJECT(part));
}

GPtr<GMimeMultipart> Multipart(const char* subtype, const std::string& message_id) {
  GPtr<GMimeMultipart> multipart(g_mime_multipart_new_with_subtype(subtype));
  // A drawn boundary would make every attempt another mail.
  g_mime_multipart_set_boundary(multipart.get(),
                                absl::StrCat("=-trama-", subtype, "-", message_id).c_str());
  return multipart;
}

bool IsToken(std::string_view text) {  // RFC 2045, 5.1.
  for (const char c : text) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) ||
        std::string_view("()<>@,;:\\\"/[]?=").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

// What cannot be said in a header, or must not be base64 (multipart and message), is just bytes.
std::pair<std::string, std::string> TypeOf(const Media& media) {
  const std::string bare = media.content_type().substr(0, media.content_type().find(';'));
  const std::pair<std::string, std::string> type = absl::StrSplit(bare, absl::MaxSplits('/', 1));
  if (!IsToken(type.first) || !IsToken(type.second) ||
      absl::EqualsIgnoreCase(type.first, "multipart") ||
      absl::EqualsIgnoreCase(type.first, "message")) {
    return {"application", "octet-stream"};
  }
  return type;
}

GPtr<GMimeObject> FilePart(const Media& media, const std::string& bytes) {
  const auto [type, subtype] = TypeOf(media);
  GMimePart* part = g_mime_part_new_with_type(type.c_str(), subtype.c_str());
  if (!media.file_name().empty()) g_mime_part_set_filename(part, media.file_name().c_str());
  g_mime_object_set_disposition(GMIME_OBJECT(part), media.is_inline()
                                                        ? GMIME_DISPOSITION_INLINE
                                                        : GMIME_DISPOSITION_ATTACHMENT);
  if (!media.content_id().empty() && IsHeaderSafe(media.content_id())) {
    g_mime_object_set_content_id(GMIME_OBJECT(part), media.content_id().c_str());
  }
  SetContent(part, bytes, GMIME_CONTENT_ENCODING_BASE64);
  return GPtr<GMimeObject>(GMIME_OBJECT(part));
}

GPtr<GMimeObject> Body(const Letter& letter, const Bodies& bodies) {
  const std::string& id = letter.message.message_id();
  GPtr<GMimeMultipart> alternative;
  if (!bodies.plain.empty()) {
    alternative = Multipart("alternative", id);
    g_mime_multipart_add(alternative.get(), TextPart("plain", bodies.plain).get());
    g_mime_multipart_add(alternative.get(), TextPart("html", bodies.html).get());
  }
  if (bodies.media.empty()) return GPtr<GMimeObject>(GMIME_OBJECT(alternative.release()));
  GPtr<GMimeMultipart> mixed = Multipart("mixed", id);
  if (alternative != nullptr) g_mime_multipart_add(mixed.get(), GMIME_OBJECT(alternative.get()));
  for (size_t i = 0; i < bodies.media.size(); ++i) {
    g_mime_multipart_add(mixed.get(),
                         FilePart(*bodies.media[i], letter.attachments[i].bytes).get());
  }
  return GPtr<GMimeObject>(GMIME_OBJECT(mixed.release()));
}

void SetHeaders(const Letter& letter, const std::string& recipient, GMimeMessage* mail) {
  const outbound::v1::OutboundMessage& message = letter.message;
  g_mime_message_add_mailbox(mail, GMIME_ADDRESS_TYPE_FROM,
                             letter.from_name.empty() ? nullptr : letter.from_name.c_str(),
                             letter.from_address.c_str());
  const std::string& to_name = message.recipient_display_name();
  g_mime_message_add_mailbox(mail, GMIME_ADDRESS_TYPE_TO,
                             to_name.empty() ? nullptr : to_name.c_str(), recipient.c_str());
  g_mime_message_set_subject(mail, message.subject().c_str(), "utf-8");
  GDateTime* date = g_date_time_new_from_unix_utc(message.created_at().seconds());
  g_mime_message_set_date(mail, date);
  g_date_time_unref(date);

  GMimeObject* object = GMIME_OBJECT(mail);
  g_mime_object_set_header(object, "Message-ID", letter.message_id.c_str(), "utf-8");
  if (!message.in_reply_to().empty()) {
    g_mime_object_set_header(object, "In-Reply-To", message.in_reply_to().c_str(), "utf-8");
  }
  const std::vector<std::string> references = ReferencesOf(message);
  if (!references.empty()) {
    g_mime_object_set_header(object, "References", absl::StrJoin(references, " ").c_str(), "utf-8");
  }
  // A mail that comes back with it has gone in a circle.
  g_mime_object_set_header(object, "X-Loop", letter.from_address.c_str(), "utf-8");
  if (message.automatic()) {
    g_mime_object_set_header(object, "Auto-Submitted", "auto-replied", "utf-8");  // RFC 3834, 5.
  }
}

std::string Bytes(GMimeMessage* mail) {
  const GPtr<GMimeStream> stream(g_mime_stream_mem_new());
  GMimeFormatOptions* format = g_mime_format_options_clone(g_mime_format_options_get_default());
  g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
  g_mime_object_write_to_stream(GMIME_OBJECT(mail), format, stream.get());
  g_mime_format_options_free(format);
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

}  // namespace

absl::StatusOr<std::string> Compose(const Letter& letter) {
  InitGmime();
  const outbound::v1::OutboundMessage& message = letter.message;
  const Bodies bodies = BodiesOf(message);
  if (bodies.plain.empty() && bodies.media.empty()) {
    return absl::InvalidArgumentError("the message has neither text nor file");
  }
  if (bodies.media.size() != letter.attachments.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the message has ", bodies.media.size(),
                                                   " files, but the bytes of ",
                                                   letter.attachments.size()));
  }
  for (const std::string& text :
       {message.subject(), message.recipient_address(), message.recipient_display_name(),
        message.in_reply_to(), letter.from_address, letter.from_name}) {
    if (!IsHeaderSafe(text)) {
      return absl::InvalidArgumentError("a header of the message holds a line break");
    }
  }
  const absl::StatusOr<EmailAddress> recipient = EmailAddress::Parse(message.recipient_address());
  if (!recipient.ok()) {
    return absl::InvalidArgumentError("recipient_address is not an e-mail address");
  }
  const GPtr<GMimeMessage> mail(g_mime_message_new(TRUE));
  SetHeaders(letter, recipient->Address(), mail.get());
  g_mime_message_set_mime_part(mail.get(), Body(letter, bodies).get());
  return Bytes(mail.get());
}

std::vector<std::string> ReferencesOf(const outbound::v1::OutboundMessage& message) {
  std::vector<std::string> chain;
  std::set<std::string> seen;
  const auto add = [&](const std::string& id) {
    if (!id.empty() && IsHeaderSafe(id) && seen.insert(id).second) chain.push_back(id);
  };
  for (const std::string& id : message.references()) add(id);
  if (!message.in_reply_to().empty() && seen.contains(message.in_reply_to())) {
    // The message that is answered stands last (RFC 5322, 3.6.4).
    chain.erase(std::find(chain.begin(), chain.end(), message.in_reply_to()));
    seen.erase(message.in_reply_to());
  }
  add(message.in_reply_to());

  size_t bytes = 0;
  for (const std::string& id : chain) bytes += id.size() + 1;
  while (chain.size() > 2 && (chain.size() > kReferencesMax || bytes > kReferencesBytesMax)) {
    bytes -= chain[1].size() + 1;
    chain.erase(chain.begin() + 1);
  }
  return chain;
}

std::string TextToHtml(std::string_view text) {
  const std::string escaped = absl::StrReplaceAll(
      ToAbsl(text),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\r\n", "<br>\n"}, {"\n", "<br>\n"}});
  return absl::StrCat("<html><body><p>", escaped, "</p></body></html>\n");
}

std::string HtmlToText(std::string_view html) {
  std::string text;
  while (!html.empty()) {
    const size_t open = html.find('<');
    absl::StrAppend(&text, ToAbsl(html.substr(0, open)));
    if (open == std::string_view::npos) break;
    const size_t close = html.find('>', open);
    const std::string_view tag = html.substr(open + 1, 2);
    if (absl::EqualsIgnoreCase(ToAbsl(tag), "br") || absl::EqualsIgnoreCase(ToAbsl(tag), "/p") ||
        absl::EqualsIgnoreCase(ToAbsl(tag), "/d") || absl::EqualsIgnoreCase(ToAbsl(tag), "/l")) {
      text += '\n';
    }
    html.remove_prefix(close == std::string_view::npos ? html.size() : close + 1);
  }
  return absl::StrReplaceAll(
      text, {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&nbsp;", " "}, {"&amp;", "&"}});
}

}  // namespace trama::email
