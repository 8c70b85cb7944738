#include "services/profile/normal_forms.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace trama::profile {
namespace {

std::string Reference(size_t number) { return absl::StrCat("order-", number); }

TEST(NormalFormsTest, SaysWhatTheKernelSaysTheFirstAndTheSecondTime) {
  NormalForms forms;
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(forms.Of("phone", "", "(11) 96123-4567", "BR")->value, "+5511961234567");
    EXPECT_EQ(forms.Of("phone", "", "(212) 200-0000", "US")->value, "+12122000000");
    EXPECT_FALSE(forms.Of("phone", "", "(11) 96123-4567", "").ok());
  }
  EXPECT_EQ(forms.size(), 2u);
}

TEST(NormalFormsTest, TellsPartsApartThatWouldReadAlikeTogether) {
  NormalForms forms;
  EXPECT_EQ(forms.Of("reference", "ab", "c", "")->scope, "ab");
  EXPECT_EQ(forms.Of("reference", "a", "bc", "")->scope, "a");
}

TEST(NormalFormsTest, ForgetsWhoIsNotAskedFor) {
  NormalForms forms;
  for (size_t i = 0; i < 5 * NormalForms::kYoungMax; ++i) {
    ASSERT_EQ(forms.Of("reference", "shop", "kept", "")->value, "KEPT");
    ASSERT_TRUE(forms.Of("reference", "shop", Reference(i), "").ok());
    ASSERT_LE(forms.size(), 2 * NormalForms::kYoungMax);
  }
}

TEST(NormalFormsTest, DoesNotKeepWhatIsLong) {
  NormalForms forms;
  EXPECT_TRUE(forms.Of("reference", "shop", std::string(200, 'x'), "").ok());
  EXPECT_EQ(forms.size(), 0u);
}

}  // namespace
}  // namespace trama::profile
