// A secret never leaves its host: two hundred of them are planted, none may be found again.
#include <gtest/gtest.h>

#include "collect/file_collector.h"
#include "collect/planted_secrets.h"

namespace driftcast {
namespace {

TEST(Privacy, NoneOfTwoHundredPlantedSecretsIsHandedOver) {
  SecretMint mint(20260501);
  const auto files = PlantSecrets(mint);
  ASSERT_EQ(files.size(), 40u);
  ASSERT_EQ(mint.all().size(), 200u);
  ScratchRoot scratch;
  for (const PlantedFile& file : files) scratch.Write(file.path, file.content, file.mode);

  const SecretGuard guard(std::string(32, 'k'));
  LensClient lenses(DRIFTCAST_LENS);
  FileOptions options;
  options.elsewhere.clear();  // here every file's content is read
  FileCollector collector(scratch.root(), guard, lenses, options, nullptr);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), files.size());
  std::string everything;
  for (const ResourceObserved& o : sink.observed) everything += TextOf(o) + "\n";
  for (const std::string& secret : mint.all())
    EXPECT_EQ(everything.find(secret), std::string::npos)
        << secret << " in ..." << everything.substr(everything.find(secret) - 60, 120);
}

TEST(Privacy, ThatASecretChangedIsSeen) {
  SecretMint mint(1), other(2);
  auto before = PlantSecrets(mint), after = PlantSecrets(other);
  ScratchRoot scratch;
  const SecretGuard guard(std::string(32, 'k'));
  LensClient lenses(DRIFTCAST_LENS);
  FileOptions options;
  options.elsewhere.clear();  // here every file's content is read
  FileCollector collector(scratch.root(), guard, lenses, options, nullptr);
  for (size_t i = 0; i < before.size(); ++i) {
    scratch.Write(before[i].path, before[i].content, before[i].mode);
    const auto old_keys = (*collector.CollectOne("file", before[i].path))->keys;
    scratch.Write(after[i].path, after[i].content, after[i].mode);
    EXPECT_NE((*collector.CollectOne("file", after[i].path))->keys, old_keys) << after[i].path;
  }
}

TEST(Privacy, OrdinarySettingsStayReadable) {
  ScratchRoot scratch;
  scratch.Write("/etc/ssh/sshd_config", "PermitRootLogin no\nPasswordAuthentication no\nPort 22\n",
                0600);
  scratch.Write("/etc/nsswitch.conf", "passwd: files systemd\nhosts: files dns\n");
  scratch.Write("/etc/login.defs", "PASS_MAX_DAYS 99999\nENCRYPT_METHOD SHA512\n");
  scratch.Write("/etc/pam.d/x", "password requisite pam_pwquality.so retry=3\n");
  scratch.Write("/etc/sudoers", "root ALL=(ALL:ALL) ALL\n", 0440);
  scratch.Write("/etc/fstab",
                "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 errors=remount-ro 0 1\n");
  const SecretGuard guard(std::string(32, 'k'));
  LensClient lenses(DRIFTCAST_LENS);
  FileCollector collector(scratch.root(), guard, lenses, {}, nullptr);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_EQ(ValueOf(sink.Find("/etc/ssh/sshd_config")->keys, "PermitRootLogin"), "no");
  EXPECT_EQ(ValueOf(sink.Find("/etc/ssh/sshd_config")->keys, "PasswordAuthentication"), "no");
  EXPECT_EQ(ValueOf(sink.Find("/etc/nsswitch.conf")->keys, "passwd"), "files systemd");
  EXPECT_EQ(ValueOf(sink.Find("/etc/login.defs")->keys, "PASS_MAX_DAYS"), "99999");
  EXPECT_EQ(ValueOf(sink.Find("/etc/pam.d/x")->keys, "line[]"),
            "password requisite pam_pwquality.so retry=3");
  EXPECT_EQ(ValueOf(sink.Find("/etc/sudoers")->keys, "line[]"), "root ALL=(ALL:ALL) ALL");
  EXPECT_EQ(ValueOf(sink.Find("/etc/fstab")->keys, "mount[/].device"),
            "UUID=0a3407de-014b-458b-b5c1-848e92a327a3");
}

}  // namespace
}  // namespace driftcast
