#include "web/approver_keys.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/crypto.h"

namespace driftcast {
namespace {

using Json = nlohmann::json;

constexpr char kPrefix[] = "web/key/";

StatusOr<OwnedKey> Decode(const std::string& setting, const std::string& value) {
  try {
    const Json json = Json::parse(value);
    OwnedKey owned;
    owned.credential = setting.substr(sizeof kPrefix - 1);
    owned.title = json.at("title").get<std::string>();
    owned.owner = Principal(json.at("owner").get<std::string>());
    DRIFTCAST_ASSIGN_OR_RETURN(
        owned.key, ParseApproverKey(ApproverNameOf(owned.owner), json.at("site").get<std::string>(),
                                    json.at("public_key").get<std::string>()));
    owned.made_at = FromUnixMicros(json.at("made_us").get<int64_t>());
    return owned;
  } catch (const Json::exception& error) {
    return DataLoss("{} cannot be read: {}", setting, error.what());
  }
}

}  // namespace

std::string ApproverNameOf(const Principal& owner) {
  std::string name = owner.value.substr(0, 128);
  std::ranges::replace_if(
      name, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '#' || c == 0x7f; },
      '-');
  return name;
}

StatusOr<std::vector<OwnedKey>> KeysOf(const EnginePort& engine, const Principal& owner) {
  std::vector<OwnedKey> keys;
  for (const auto& [setting, value] : engine.ListSettings(kPrefix)) {
    DRIFTCAST_ASSIGN_OR_RETURN(OwnedKey key, Decode(setting, value));
    if (key.owner == owner) keys.push_back(std::move(key));
  }
  std::ranges::stable_sort(keys, {}, &OwnedKey::made_at);
  return keys;
}

Status AddKey(EnginePort& engine, const OwnedKey& key) {
  if (engine.GetSetting(kPrefix + key.credential))
    return AlreadyExists("this key is registered already");
  DRIFTCAST_ASSIGN_OR_RETURN(const auto others, KeysOf(engine, key.owner));
  if (others.size() >= kKeysPerPersonMax)
    return ResourceExhausted("{} has {} keys; remove one first", key.owner.value, others.size());
  const Json json = {{"title", key.title},
                     {"owner", key.owner.value},
                     {"site", key.key.site},
                     {"public_key", Base64(key.key.public_key)},
                     {"made_us", ToUnixMicros(key.made_at)}};
  DRIFTCAST_RETURN_IF_ERROR(engine.PutSetting(
      kPrefix + key.credential, json.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return engine.AppendAudit(key.owner, "key.add", key.title, ApproverLine(key.key));
}

Status RemoveKey(EnginePort& engine, const Principal& owner, const std::string& credential) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto keys, KeysOf(engine, owner));
  const auto found = std::ranges::find(keys, credential, &OwnedKey::credential);
  if (found == keys.end()) return NotFound("you have no such key");
  DRIFTCAST_RETURN_IF_ERROR(engine.DeleteSetting(kPrefix + credential));
  return engine.AppendAudit(owner, "key.remove", found->title, "");
}

Status RemoveKeysOf(EnginePort& engine, const Principal& owner) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto keys, KeysOf(engine, owner));
  for (const OwnedKey& key : keys)
    DRIFTCAST_RETURN_IF_ERROR(engine.DeleteSetting(kPrefix + key.credential));
  return Ok();
}

Status CheckProof(const EnginePort& engine, const Principal& owner, const RemediationPlan& plan,
                  const ApprovalProof& proof, Instant now) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto keys, KeysOf(engine, owner));
  const auto found = std::ranges::find(keys, Base64Url(proof.credential), &OwnedKey::credential);
  if (found == keys.end())
    return PermissionDenied("{} has no such key: register it under Settings first", owner.value);
  if (proof.valid_until <= now || proof.valid_until > ApprovalEnd(plan, now))
    return PermissionDenied("the approval's end, {}, is not one that was asked for",
                            FormatInstant(proof.valid_until));
  return VerifyApproval(found->key, plan, proof);
}

}  // namespace driftcast
