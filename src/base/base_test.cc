#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/time.h"

namespace driftcast {
namespace {

TEST(Time, FormatsAndReadsBack) {
  for (const char* text :
       {"2026-05-01T12:00:00Z", "1969-12-31T23:59:59.5Z", "2024-02-29T00:00:00Z"}) {
    const auto t = ParseInstant(text);
    ASSERT_TRUE(t.ok()) << Describe(t.status());
    EXPECT_EQ(FormatInstant(*t), text);
  }
}

TEST(Time, OffsetIsTakenOff) {
  EXPECT_EQ(*ParseInstant("2026-05-01T12:00:00+02:00"), *ParseInstant("2026-05-01T10:00:00Z"));
  EXPECT_EQ(*ParseInstant("2026-05-01"), *ParseInstant("2026-05-01T00:00:00Z"));
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2026-02-30", "2026-05-01T25:00:00Z",
                           "2026-05-01T12:00:00", "2026-05-01T12:00:00Zx", "2026-5-1"})
    EXPECT_EQ(ParseInstant(text).status().code(), StatusCode::kInvalidArgument) << text;
}

TEST(Crypto, Sha256OfAbcIsThePublishedOne) {  // FIPS 180-2, appendix B.1
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crypto, HmacIsThePublishedOne) {  // RFC 4231, test case 2
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Crypto, Ed25519IsThePublishedOne) {  // RFC 8032, section 7.1, test 1
  const auto key = SigningKeyFromSeed(
      *FromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(Hex(key->public_key),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const auto signature = Sign(*key, "");
  ASSERT_TRUE(signature.ok());
  EXPECT_TRUE(VerifySignature(key->public_key, "", *signature).ok());
  EXPECT_EQ(VerifySignature(key->public_key, "x", *signature).code(),
            StatusCode::kPermissionDenied);
}

TEST(Crypto, TextEncodingsReadBack) {
  const std::string bytes = RandomBytes(37);
  EXPECT_EQ(*FromHex(Hex(bytes)), bytes);
  EXPECT_EQ(*FromBase64(Base64(bytes)), bytes);
  EXPECT_FALSE(FromHex("0g").ok());
  EXPECT_FALSE(FromBase64("a===b").ok());
}

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = std::filesystem::temp_directory_path() / "driftcast_file_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  ASSERT_TRUE(WriteFileAtomically(folder_ / "a", "one").ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ / "a", "two", 0600).ok());
  EXPECT_EQ(*ReadFile(folder_ / "a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, SaysWhyItCannotRead) {
  EXPECT_EQ(ReadFile(folder_ / "none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(folder_).status().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(WriteFileAtomically(folder_ / "a", "0123456789").ok());
  EXPECT_EQ(ReadFile(folder_ / "a", 9).status().code(), StatusCode::kResourceExhausted);
}

TEST_F(FileTest, ReadsFilesThatHideTheirSize) {
  EXPECT_FALSE(ReadFile("/proc/self/status")->empty());
}

}  // namespace
}  // namespace driftcast
