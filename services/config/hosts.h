#pragma once

#include <string>
#include <string_view>

namespace trama::config {

// A DNS name, an IPv4 address or an IPv6 address in brackets.
bool IsHost(std::string_view text);

// "host:port"; `host` gets the host without brackets.
bool SplitHostPort(std::string_view text, std::string* host);

// An absolute http or https URL without user, query or fragment.
bool IsPlainUrl(std::string_view text);

}  // namespace trama::config
