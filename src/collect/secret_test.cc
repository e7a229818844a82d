#include "collect/secret.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

SecretGuard Guard() { return SecretGuard(std::string(32, 'k')); }

TEST(IsSecretName, KnowsSecretsAndSettingsAboutThem) {
  for (const char* name : {"password", "db.password", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY",
                           "apiKey", "api-key", "client_secret", "auth.token", "wifi-security.psk",
                           "PrivateKey", "passphrase", "requirepass", "user[bob].password",
                           "smtp_pass", "dbpassword", "net.ipv4.tcp_fastopen_key"})
    EXPECT_TRUE(IsSecretName(name)) << name;
  for (const char* name :
       {"PasswordAuthentication", "PASS_MAX_DAYS", "password_file", "token_ttl", "PermitRootLogin",
        "key", "keymap", "HostKey", "compass", "bypass", "PubkeyAuthentication", "session.timeout",
        "secret_path", "KeyRegenerationInterval"})
    EXPECT_FALSE(IsSecretName(name)) << name;
}

TEST(LooksSecret, KnowsShapes) {
  for (const char* text :
       {"-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\nMII",
        "$6$abcdefgh$0123456789abcdefghijk", "$2b$12$abcdefghijklmnopqrstuv", "{SSHA}abcdef",
        "$y$j9T$abcdefghijk$lmnopqrstuvwxyz", "postgres://app:s3cret@db/x", "AKIAIOSFODNN7EXAMPLE1",
        "ghp_0123456789abcdefABCDEF0123", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "glpat-abcdefghijklmnopqrst", "d41d8cd98f00b204e9800998ecf8427e",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "user:hunter2@tcp(db:3306)/app"})
    EXPECT_TRUE(LooksSecret(text)) << text;
  for (const char* text :
       {"no", "/usr/lib/x86_64-linux-gnu/security/pam_unix.so", "http://deb.debian.org/debian",
        "-----BEGIN CERTIFICATE-----", "UUID=0a3407de-014b-458b-b5c1-848e92a327a3",
        "systemd-networkd-wait-online.service", "1:2.3-4+deb12u1", "a@b.example",
        "ssl_ecdh_curve secp384r1", "linux-image-6.1.0-18-amd64", "HIGH:!aNULL:!MD5"})
    EXPECT_FALSE(LooksSecret(text)) << text;
}

TEST(SecretGuard, ReplacesByNameShapeAndPlace) {
  std::vector<KeyValue> keys = {
      {"db.password", Value::Text("hunter2")}, {"db.host", Value::Text("db.example")},
      {"cmd", Value::Text("run --token=abc")}, {"empty.password", Value::Null()},
      {"user.password", Value::Text("*")},     {"port", Value::Integer(5432)}};
  Guard().Protect(keys, {});
  EXPECT_EQ(keys[0].value.type, ValueType::kSecret);
  EXPECT_EQ(keys[0].value.text.size(), 32u);
  EXPECT_EQ(keys[1].value, Value::Text("db.example"));
  EXPECT_EQ(keys[2].value.type, ValueType::kSecret);
  EXPECT_EQ(keys[3].value, Value::Null());
  EXPECT_EQ(keys[4].value, Value::Text("*"));
  Guard().Protect(keys, {.owner_only = true});
  EXPECT_EQ(keys[1].value.type, ValueType::kSecret);
  EXPECT_EQ(keys[5].value, Value::Integer(5432));
}

TEST(SecretGuard, FingerprintsTellValuesApartAndDependOnTheKey) {
  EXPECT_EQ(Guard().Fingerprint("a"), Guard().Fingerprint("a"));
  EXPECT_NE(Guard().Fingerprint("a"), Guard().Fingerprint("b"));
  EXPECT_NE(Guard().Fingerprint("a"), SecretGuard(std::string(32, 'l')).Fingerprint("a"));
}

TEST(SecretGuard, OpaqueContentIsKeyedWhenItMayHoldASecret) {
  EXPECT_EQ(Guard().Opaque("plain text", {}).type, ValueType::kDigest);
  EXPECT_EQ(Guard().Opaque("plain text", {.owner_only = true}).type, ValueType::kSecret);
  EXPECT_EQ(Guard().Opaque("x\npassword=abc\n", {}).type, ValueType::kSecret);
}

TEST(SecretGuard, RedactsCommandLines) {
  EXPECT_EQ(Guard().Redact("apt-get install -o Acquire::http::Proxy=http://u:p@proxy:1 nginx"),
            "apt-get install -o [secret] nginx");
  EXPECT_EQ(Guard().Redact("mysql --password hunter2 -h db"), "mysql --password [secret] -h db");
  EXPECT_EQ(Guard().Redact("apt-get install nginx"), "apt-get install nginx");
}

}  // namespace
}  // namespace driftcast
