#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "boost/beast/http/basic_parser.hpp"
#include "services/platform/http/http_message.h"

namespace trama::platform {

// Beast's grammar of a request, which goes right into ours: Beast's own message would be a copy of
// everything in between. For one request, of which `path` and `query` are left to the caller.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  // More header fields than any client of ours sends; each costs allocations.
  static constexpr size_t kFieldsMax = 200;

  // Complete when is_header_done(), but for the body.
  HttpRequest& request() { return request_; }
  const HttpRequest& request() const { return request_; }
  // Complete when is_done().
  std::string& body() { return body_; }
  bool is_http11() const { return version_ == 11; }
  // The header had more than kFieldsMax; the others were left out.
  bool has_too_many_fields() const { return fields_ > kFieldsMax; }

 private:
  using Text = boost::beast::string_view;
  using Error = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb method, Text method_text, Text target, int version,
                       Error& error) override;
  void on_response_impl(int status, Text reason, int version, Error& error) override;
  void on_field_impl(boost::beast::http::field name, Text name_text, Text value,
                     Error& error) override;
  void on_header_impl(Error& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error& error) override;
  std::size_t on_body_impl(Text bytes, Error& error) override;
  void on_chunk_header_impl(std::uint64_t size, Text extensions, Error& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t left, Text bytes, Error& error) override;
  void on_finish_impl(Error& error) override;

  HttpRequest request_;
  std::string body_;
  int version_ = 0;
  size_t fields_ = 0;
  bool in_header_ = true;
};

}  // namespace trama::platform
