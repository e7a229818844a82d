#include "base/crypto.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

// Keys and signatures over "a message", made with the openssl program.
struct Signed {
  const char* what;
  const char* key;
  const char* signature;
};
const Signed kP256 = {
    "P-256",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVbfne2AuBiwIXqvsdAOIr4CXxnHpZATrpTab1QGGvbM4gKpm"
    "XRl0pbMTllclLvOCRFbZWX8eGkKIqvKEHVb/kg==",
    "MEUCIQCZsx05beIpyh9cq01QS0xRRkFquOaclcZJKHPrFn+F+AIgdApbz8Tj8z4/0fzwHW9BCaQe7MVq2/lq"
    "EBnbVC32trU="};
const Signed kRsa = {
    "RSA 2048",
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5tiqfjhqjLfhC024OG393KGWq7p840b8cZsNhVsu"
    "wYptXCVVN+ussrAhF2NbzWqd6tmMphbJzeommO6NFttGy6s98KZOD/2iyOl6R3YR4KI96phDNDxn52vRN/cZ"
    "AiNmIfzzOvhUQcraE3wsANIPpEn9LuKxjax3SFqX7bpUz+tM/e+u26vgb3dchWo3pPL9eQyoV8kjnMgd0H6b"
    "MlAOg2QD9Ka8BHbE5/ZKVwhInSyKEYohT432PyHzeFnDq7lKQ9oY78WUfSBN7QSpcrlm/31RYyNHEF+QIbvZ"
    "S/CqdZD1b+cBybYuifrwm1FTxoWkbf27LS4KgXlm7sA1QWdzSwIDAQAB",
    "j4hnP/bMNNBBb7XBzsqTPsbNIxfOlMegx7135eKG+AlHp/tWHOqN3vYhbieZhZaXTbtOQ999wcmI5bmvkGXq"
    "SYoCuZecZ/TkVzgU59HVcWfC1KA+C9yB6UfAoariJIUfDh0gw/PaOeQFq7jZXvPBsG2+80pEjA1ndmJW0vUx"
    "ahdi/uA0v+r//SEfV5BT1U/rEmh6CqYM+4QLcgHDPA2J4jbRMgPlZNh9Kb8RtN0t2bB1Z58TWOh/f/N2Sauz"
    "JPMQoviDPbieDPWRrFPF7AbGp4t3qN0KReRDYadejslMx/8Igof7Ful/3SkSqYKm8N6DQZryYSun2yoJDsR/"
    "YXkkdA=="};
const Signed kRefused[] = {
    {"RSA 1024",
     "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDEBeqsaEjWjfzrP+iZKs14KsXOywKNNJScnhU1cBicjLcp"
     "AThUUpxFx14Ufs1xOkzR1Yqq+tJ2WLSNtCHlg1auNT3S8sfocleJc1UHki+OBmEplsOsCiD6Uv1G5FDHRQ99"
     "5fbHdE3AECOx12/aERbBoTLthQBN3B4Q0nLjkaZ41wIDAQAB",
     "ipHylYcuf+ReHkE+WxXuRqMDeQxtjD7xnGqK37QsDrtaz5ceNn3AimifH0DkSalWDVJ1maPGQG8xSvVQ/OCU"
     "PmKFOyHHImzfTvQf0CvReeSSWQAtbjCOByelU//I0UD0ZsQ7y9tvlVL4r5tvH5FL0Vgc++s9ln04m2tD9ggD"
     "X3s="},
    {"P-384",
     "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEREOtAYx35ntEZaCTMHZ5u5mP9SAxyf1N8vqLesxOKgAj1eGZNOGa"
     "gIMdrE3FxHfRHcY8ZIb7miG+HvYCUMvI2QFVaU/3faomwX3ddOYnaG8UVQtCVaPXuEc8B4yd0AB8",
     "MGUCMQDrpfFhQhphJguAReGCGDeAnUB/ukKSZrPQih/V6u4etWylMzPBTOprkf7VrNvqKocCMCXD2s0jqICZ"
     "z0ZTQjNqO/YW6qg6g7vuyXF3ldQk+bxf++52QSOD2iM76bIF2JMW1Q=="}};

TEST(SignatureByKey, OfTheKindsThatAuthenticatorsHave) {
  for (const Signed& one : {kP256, kRsa}) {
    SCOPED_TRACE(one.what);
    const std::string key = *FromBase64(one.key), signature = *FromBase64(one.signature);
    EXPECT_TRUE(VerifySignatureByKey(key, "a message", signature).ok());
    EXPECT_EQ(VerifySignatureByKey(key, "another", signature).code(),
              StatusCode::kPermissionDenied);
    EXPECT_EQ(VerifySignatureByKey(key, "a message", "").code(), StatusCode::kPermissionDenied);
    EXPECT_EQ(VerifySignatureByKey(key + "x", "a message", signature).code(),
              StatusCode::kInvalidArgument);
  }
  const SigningKey ed25519 = GenerateSigningKey();
  const std::string key = *FromHex("302a300506032b6570032100") + ed25519.public_key;
  EXPECT_TRUE(VerifySignatureByKey(key, "a message", *Sign(ed25519, "a message")).ok());
  EXPECT_EQ(VerifySignatureByKey(key, "another", *Sign(ed25519, "a message")).code(),
            StatusCode::kPermissionDenied);
}

TEST(SignatureByKey, OfOtherKindsIsRefused) {
  for (const Signed& one : kRefused)
    EXPECT_EQ(
        VerifySignatureByKey(*FromBase64(one.key), "a message", *FromBase64(one.signature)).code(),
        StatusCode::kInvalidArgument)
        << one.what;
  EXPECT_EQ(VerifySignatureByKey("", "", "").code(), StatusCode::kInvalidArgument);
}

TEST(Base64Url, HasNoPaddingAndItsOwnAlphabet) {
  EXPECT_EQ(Base64Url("\xff\xfe\xfd\xfc"), "__79_A");
  EXPECT_EQ(FromBase64Url("__79_A").value(), "\xff\xfe\xfd\xfc");
  EXPECT_FALSE(FromBase64Url("//79/A==").ok());
}

}  // namespace
}  // namespace driftcast
