#include "services/platform/http/media.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/net/io_threads.h"
#include "services/platform/net/testing/scripted_peer.h"

namespace trama::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Sniff, KnownKindsAreRecognised) {
  const std::string zero(1, '\0');
  EXPECT_EQ(SniffMediaType("\xFF\xD8\xFF\xE0 JFIF"), "image/jpeg");
  EXPECT_EQ(SniffMediaType("\x89PNG\r\n\x1A\n..."), "image/png");
  EXPECT_EQ(SniffMediaType("GIF89a..."), "image/gif");
  EXPECT_EQ(SniffMediaType("RIFF....WEBPVP8 "), "image/webp");
  EXPECT_EQ(SniffMediaType("RIFF....WAVEfmt "), "audio/wav");
  EXPECT_EQ(SniffMediaType("%PDF-1.7"), "application/pdf");
  EXPECT_EQ(SniffMediaType(zero + "..\x18"
                                  "ftypisom...."),
            "video/mp4");
  EXPECT_EQ(SniffMediaType(zero + "..\x18"
                                  "ftyp3gp4...."),
            "video/3gpp");
  EXPECT_EQ(SniffMediaType(zero + "..\x18"
                                  "ftypqt  ...."),
            "video/quicktime");
  EXPECT_EQ(SniffMediaType(zero + "..\x18"
                                  "ftypheic...."),
            "image/heic");
  EXPECT_EQ(SniffMediaType(zero + "..\x18"
                                  "ftypM4A ...."),
            "audio/mp4");
  EXPECT_EQ(SniffMediaType("OggS...."), "audio/ogg");
  EXPECT_EQ(SniffMediaType("#!AMR\n..."), "audio/amr");
  EXPECT_EQ(SniffMediaType("ID3\x03..."), "audio/mpeg");
}

TEST(Sniff, EverythingElseIsUnknown) {
  for (const char* bytes : {"", "a", "<html>", "RIFF", "RIFF....AVI ", "\xFF\xD8", "%PD", "ftyp",
                            "<svg xmlns=", "MZ\x90", "#!/bin/sh"}) {
    EXPECT_EQ(SniffMediaType(bytes), "") << bytes;
  }
}

class MediaFetcherTest : public ::testing::Test {
 protected:
  ~MediaFetcherTest() override { io_.Stop(); }

  absl::StatusOr<Media> Fetch(const std::string& url, SsrfGuardOptions guard,
                              MediaLimits limits = {}) {
    auto fetcher = MediaFetcher::Create(io_.context(), std::move(guard), limits);
    EXPECT_TRUE(fetcher.ok()) << fetcher.status();
    return (*fetcher)->FetchBlocking(url, {{"Authorization", "Basic x"}});
  }
  static std::string At(uint16_t port, std::string_view path) {
    return absl::StrCat("http://127.0.0.1:", port, std::string(path));
  }
  static SsrfGuardOptions Trusting() { return {.trusted_hosts = {"127.0.0.1"}}; }

  IoThreads io_{1};
};

std::string Answer(std::string_view type, std::string_view body) {
  return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Type: ", std::string(type),
                      "\r\nContent-Length: ", body.size(), "\r\n\r\n", std::string(body));
}

TEST_F(MediaFetcherTest, TheTypeIsWhatTheBytesShow) {
  ScriptedPeer peer([](TestSocket& socket, int round) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send(round == 0 ? Answer("Text/HTML; charset=x", "\xFF\xD8\xFF\xE0 JFIF")
                           : Answer("image/png", "<html>"));
  });
  const auto picture = Fetch(At(peer.port(), "/1"), Trusting());
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->content_type, "image/jpeg");
  EXPECT_EQ(picture->declared_type, "text/html");
  const auto page = Fetch(At(peer.port(), "/2"), Trusting());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->content_type, "application/octet-stream");
  EXPECT_EQ(page->bytes, "<html>");
}

TEST_F(MediaFetcherTest, OwnNetworkIsNeverAsked) {
  ScriptedPeer peer([](TestSocket& socket, int) { socket.ReadAll(); });
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0",
                                 "0x7f000001", "2130706433", "127.1"}) {
    const auto media = Fetch(absl::StrCat("http://", host, ":", peer.port(), "/secret"), {});
    EXPECT_EQ(media.status().code(), absl::StatusCode::kPermissionDenied) << host;
    EXPECT_THAT(std::string(media.status().message()), Not(HasSubstr("secret")));
  }
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(MediaFetcherTest, ARedirectIntoTheOwnNetworkIsRefused) {
  ScriptedPeer inner([](TestSocket& socket, int) { socket.ReadAll(); });
  ScriptedPeer outer([&](TestSocket& socket, int) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send(absl::StrCat("HTTP/1.1 302 Found\r\nLocation: http://localhost:", inner.port(),
                             "/\r\nContent-Length: 0\r\n\r\n"));
  });
  const auto media = Fetch(At(outer.port(), "/"), Trusting());
  EXPECT_EQ(media.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(inner.connections(), 0);
}

TEST_F(MediaFetcherTest, RedirectsAreFollowedWithoutCredentials) {
  std::string seen;
  ScriptedPeer store([&](TestSocket& socket, int) {
    seen = socket.ReadUntil("\r\n\r\n");
    socket.Send(Answer("image/gif", "GIF89a..."));
  });
  ScriptedPeer vendor([&](TestSocket& socket, int) {
    EXPECT_THAT(socket.ReadUntil("\r\n\r\n"), HasSubstr("Authorization: Basic x"));
    socket.Send(absl::StrCat("HTTP/1.1 302 Found\r\nLocation: ", At(store.port(), "/f?sig=1"),
                             "\r\nContent-Length: 0\r\n\r\n"));
  });
  const auto media = Fetch(At(vendor.port(), "/"), Trusting());
  ASSERT_TRUE(media.ok()) << media.status();
  EXPECT_EQ(media->content_type, "image/gif");
  EXPECT_THAT(seen, Not(HasSubstr("Authorization")));
}

TEST_F(MediaFetcherTest, EndlessRedirectsEnd) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    while (!socket.ReadUntil("\r\n\r\n").empty()) {
      socket.Send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
    }
  });
  EXPECT_EQ(Fetch(At(peer.port(), "/"), Trusting()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(MediaFetcherTest, TooManyBytesAreRefused) {
  ScriptedPeer peer([](TestSocket& socket, int) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send(Answer("image/gif", "GIF89a" + std::string(100, 'x')));
  });
  const auto media = Fetch(At(peer.port(), "/"), Trusting(), {.bytes_max = 100});
  EXPECT_EQ(media.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(MediaFetcherTest, ErrorsSayWhetherItIsWorthTryingAgain) {
  const std::vector<std::pair<int, absl::StatusCode>> cases = {
      {404, absl::StatusCode::kNotFound},         {410, absl::StatusCode::kNotFound},
      {401, absl::StatusCode::kPermissionDenied}, {403, absl::StatusCode::kPermissionDenied},
      {400, absl::StatusCode::kInvalidArgument},  {429, absl::StatusCode::kUnavailable},
      {500, absl::StatusCode::kUnavailable},      {503, absl::StatusCode::kUnavailable}};
  ScriptedPeer peer([&](TestSocket& socket, int round) {
    socket.ReadUntil("\r\n\r\n");
    socket.Send(absl::StrCat("HTTP/1.1 ", cases[static_cast<size_t>(round)].first,
                             " X\r\nContent-Length: 0\r\n\r\n"));
  });
  for (const auto& [status, code] : cases) {
    EXPECT_EQ(Fetch(At(peer.port(), "/"), Trusting()).status().code(), code) << status;
  }
}

}  // namespace
}  // namespace trama::platform
