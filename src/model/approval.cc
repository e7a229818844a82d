#include "model/approval.h"

#include <algorithm>

#include "base/crypto.h"
#include "model/guard.h"

namespace driftcast {
namespace {

// Web Authentication Level 2, section 6.1: hash of the site, flags, counter.
constexpr size_t kSiteHashBytes = 32;
constexpr size_t kAuthenticatorDataMin = kSiteHashBytes + 1 + 4;
constexpr unsigned char kUserPresent = 0x01;

constexpr Duration kApprovalLife = 7 * kDay;

bool IsOneWord(std::string_view text, size_t longest) {
  return !text.empty() && text.size() <= longest && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '#' || c == 0x7f;
  });
}

}  // namespace

std::string ApprovalChallenge(const RemediationPlan& plan, Instant valid_until) {
  RemediationPlan timeless;
  timeless.id = plan.id;
  timeless.strategy = plan.strategy;
  timeless.stack = plan.stack;
  timeless.steps = plan.steps;
  timeless.base = plan.base;
  return Sha256("driftcast-approval/1:" + std::to_string(ToUnixMicros(valid_until)) + ":" +
                CanonicalPlanBytes(timeless));
}

Instant ApprovalEnd(const RemediationPlan& plan, Instant now) {
  Instant end = std::max({now, plan.not_before, plan.expires_at}) + kApprovalLife;
  if (const auto guarded = GuardEnd(plan); guarded.ok()) end = std::max(end, *guarded);
  return std::chrono::ceil<std::chrono::seconds>(end);  // as it is written in JSON
}

Status VerifyApproval(const ApproverKey& key, const RemediationPlan& plan,
                      const ApprovalProof& proof) {
  // How browsers must write what they were asked (section 5.8.1.1), so that checking the beginning
  // is enough (5.8.1.2).
  const std::string asked = "{\"type\":\"webauthn.get\",\"challenge\":\"" +
                            Base64Url(ApprovalChallenge(plan, proof.valid_until)) + "\"";
  if (!proof.client_data.starts_with(asked))
    return PermissionDenied("the approval of {} is not for this plan as it is", key.name);
  if (proof.authenticator_data.size() < kAuthenticatorDataMin)
    return PermissionDenied("the approval of {} is cut short", key.name);
  if (proof.authenticator_data.substr(0, kSiteHashBytes) != Sha256(key.site))
    return PermissionDenied("the approval of {} was given on another site than {}", key.name,
                            key.site);
  const auto flags = static_cast<unsigned char>(proof.authenticator_data[kSiteHashBytes]);
  if ((flags & kUserPresent) == 0)
    return PermissionDenied("nobody was present when the key of {} approved", key.name);
  return Annotate(
      VerifySignatureByKey(key.public_key, proof.authenticator_data + Sha256(proof.client_data),
                           proof.signature),
      "the approval of " + key.name);
}

StatusOr<ApproverKey> ParseApproverKey(std::string_view name, std::string_view site,
                                       std::string_view key_base64) {
  ApproverKey key{std::string(name), std::string(site), {}};
  if (!IsOneWord(name, 128) || !IsOneWord(site, 253))
    return InvalidArgument("an approver's key needs a name and a site, a word each");
  auto bytes = FromBase64(key_base64);
  if (!bytes.ok() || bytes->size() > 2048)
    return InvalidArgument("the key of approver {} is not in base64", key.name);
  key.public_key = *std::move(bytes);
  const Status kind = VerifySignatureByKey(key.public_key, "", "");
  if (kind.code() == StatusCode::kInvalidArgument)
    return InvalidArgument("approver {}: {}", key.name, Message(kind));
  return key;
}

std::string ApproverLine(const ApproverKey& key) {
  return "approver " + key.name + " " + key.site + " " + Base64(key.public_key);
}

}  // namespace driftcast
