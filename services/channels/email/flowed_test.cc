#include "services/channels/email/flowed.h"

#include "gtest/gtest.h"

namespace trama::email {
namespace {

TEST(Flowed, LinesThatFlowAreOne) {
  EXPECT_EQ(Unflowed("This is \r\none line.\r\n\r\nAnd another.\r\n", false),
            "This is one line.\n\nAnd another.\n");
}

TEST(Flowed, WithDelSpTheSpaceIsOnlyAMark) {
  EXPECT_EQ(Unflowed("\u3053\u3093 \r\n\u306b\u3061\u306f\r\n", true),
            "\u3053\u3093\u306b\u3061\u306f\n");
}

TEST(Flowed, QuotesKeepTheirDepth) {
  EXPECT_EQ(Unflowed(">> so \r\n>> deep\r\n> less \r\nmine\r\n", false),
            ">> so deep\n> less \nmine\n");
}

TEST(Flowed, StuffingIsTakenAway) {
  EXPECT_EQ(Unflowed(" From here\r\n >not a quote\r\n  two\r\n", false),
            "From here\n>not a quote\n two\n");
}

TEST(Flowed, ASignatureStandsAlone) {
  EXPECT_EQ(Unflowed("bye \r\n-- \r\nAna\r\n", false), "bye \n-- \nAna\n");
}

TEST(Flowed, WhatDoesNotFlowStays) {
  for (const char* text : {"", "one", "one\n", "\n\n", "> \n"}) {
    EXPECT_EQ(Unflowed(text, false), text);
  }
}

}  // namespace
}  // namespace trama::email
