#include "services/platform/http/request_parser.h"

#include <string_view>

namespace trama::platform {
namespace {

namespace http = boost::beast::http;

std::string_view ToStdView(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void RequestParser::on_request_impl(http::verb, Text method, Text target, int version, Error&) {
  request_.method = std::string(ToStdView(method));
  request_.target = std::string(ToStdView(target));
  version_ = version;
}

void RequestParser::on_response_impl(int, Text, int, Error&) {}

void RequestParser::on_field_impl(http::field, Text name, Text value, Error&) {
  // What a trailer says counts for nothing: it comes too late for every check of the header.
  if (!in_header_ || ++fields_ > kFieldsMax) return;
  request_.headers.Add(ToStdView(name), ToStdView(value));
}

void RequestParser::on_header_impl(Error&) { in_header_ = false; }

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) {
  // Not more than the limit, which the reader has compared it with.
  if (length.has_value()) body_.reserve(static_cast<size_t>(*length));
}

std::size_t RequestParser::on_body_impl(Text bytes, Error&) {
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, Text, Error&) {}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text bytes, Error&) {
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestParser::on_finish_impl(Error&) {}

}  // namespace trama::platform
