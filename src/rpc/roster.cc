#include "rpc/roster.h"

#include <algorithm>
#include <utility>

namespace driftcast {
namespace {

constexpr char kAgentPrefix[] = "rpc/agent/";
constexpr char kTokenPrefix[] = "rpc/token/";
constexpr char kRevokedPrefix[] = "rpc/revoked/";
constexpr int kTokenUsesMax = 100'000;
constexpr int kCertificatesMax = 32;  // remembered per agent; renewal takes one every 20 days
constexpr size_t kRoleBytesMax = 256;
constexpr size_t kNoteBytesMax = 1024;

// Of a whole token or of its secret.
std::string TokenKey(std::string_view token) {
  const auto whole = ParseJoinToken(token);
  return kTokenPrefix + Hex(Sha256(whole.ok() ? std::string_view(whole->secret) : token));
}

// What people call a token: the beginning of its key, which says nothing about the secret.
std::string TokenId(const std::string& key) {
  return "j-" + key.substr(sizeof kTokenPrefix - 1, 12);
}

Status ValidateStackAndRole(const StackId& stack, const RoleName& role) {
  // The rules for a stack are those of its place in a resource's id.
  DRIFTCAST_RETURN_IF_ERROR(Annotate(ValidateResourceId({stack, "kind", "name"}), "enrolment"));
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (role.value.size() > kRoleBytesMax ||
      std::any_of(role.value.begin(), role.value.end(), is_control))
    return InvalidArgument("a role is at most {} bytes without control characters", kRoleBytesMax);
  return Ok();
}

// The newest end of the record's certificates.
Instant CertificateUntil(const v1::AgentRecord& record) {
  Instant until;
  for (const auto& certificate : record.certificates())
    until = std::max(until, FromUnixMicros(certificate.not_after_us()));
  return until;
}

void AddCertificate(const Certificate& certificate, Instant now, v1::AgentRecord& record) {
  auto& all = *record.mutable_certificates();
  const auto ended = [now](const auto& c) { return FromUnixMicros(c.not_after_us()) <= now; };
  all.erase(std::remove_if(all.begin(), all.end(), ended), all.end());
  if (all.size() >= kCertificatesMax) all.erase(all.begin());
  auto* added = all.Add();
  added->set_serial(certificate.serial());
  added->set_not_after_us(ToUnixMicros(certificate.not_after()));
}

EnrolledAgent ToEnrolledAgent(const AgentId& id, const v1::AgentRecord& record) {
  return {id,
          StackId(record.stack()),
          RoleName(record.role()),
          FromUnixMicros(record.enrolled_at_us()),
          CertificateUntil(record),
          FromUnixMicros(record.revoked_at_us()),
          record.revoked_reason()};
}

AgentId NewAgentId() { return AgentId("agent-" + Hex(RandomBytes(8))); }

}  // namespace

std::string JoinTokenId(std::string_view token) { return TokenId(TokenKey(token)); }

StatusOr<std::unique_ptr<Roster>> Roster::Open(EngineSeam& engine, const Authority& authority) {
  std::unique_ptr<Roster> roster(new Roster(engine, authority));
  DRIFTCAST_RETURN_IF_ERROR(roster->Load());
  return roster;
}

Status Roster::Load() {
  const MutexLock lock(mutex_);
  for (const auto& [key, value] : engine_.ListSettings(kAgentPrefix)) {
    v1::AgentRecord record;
    if (!record.ParseFromString(value)) return DataLoss("setting {} is damaged", key);
    agents_[AgentId(key.substr(sizeof kAgentPrefix - 1))] = std::move(record);
  }
  for (const auto& [key, value] : engine_.ListSettings(kRevokedPrefix)) {
    DRIFTCAST_ASSIGN_OR_RETURN(std::string serial, FromHex(key.substr(sizeof kRevokedPrefix - 1)));
    revoked_serials_.insert(std::move(serial));
  }
  return Ok();
}

StatusOr<JoinToken> Roster::CreateToken(const JoinTokenOptions& options, Instant now) {
  if (options.uses < 1 || options.uses > kTokenUsesMax)
    return InvalidArgument("a token for {} uses; 1 to {} are allowed", options.uses, kTokenUsesMax);
  if (options.valid <= Duration(0) || options.valid > 366 * kDay)
    return InvalidArgument("a token is valid for more than nothing and at most a year");
  if (options.note.size() > kNoteBytesMax)
    return InvalidArgument("a note of {} bytes; {} are allowed", options.note.size(),
                           kNoteBytesMax);
  DRIFTCAST_RETURN_IF_ERROR(
      ValidateStackAndRole(options.stack.empty() ? StackId("any") : options.stack, options.role));
  const JoinToken token = MakeJoinToken(authority_.fingerprint());
  v1::JoinTokenRecord record;
  record.set_expires_at_us(ToUnixMicros(now + options.valid));
  record.set_uses_left(options.uses);
  record.set_stack(options.stack.value);
  record.set_may_replace(options.may_replace || !options.stack.empty());
  record.set_role(options.role.value);
  record.set_note(options.note);
  record.set_made_by(options.by.value);
  record.set_made_at_us(ToUnixMicros(now));
  const MutexLock writing(writing_);
  DRIFTCAST_RETURN_IF_ERROR(engine_.PutSetting(TokenKey(token.secret), record.SerializeAsString()));
  DRIFTCAST_RETURN_IF_ERROR(engine_.AppendAudit(
      options.by, "token.created", options.stack.value,
      fmt::format("{} uses until {}", options.uses, FormatInstant(now + options.valid))));
  return token;
}

StatusOr<Enrolment> Roster::Enroll(std::string_view token, std::string_view csr_der,
                                   const StackId& stack, const RoleName& role, Instant now) {
  DRIFTCAST_RETURN_IF_ERROR(ValidateStackAndRole(stack, role));
  DRIFTCAST_ASSIGN_OR_RETURN(const PublicKey public_key, ReadCsr(csr_der));
  const std::string key = TokenKey(token);
  const MutexLock writing(writing_);
  const auto stored = engine_.GetSetting(key);
  v1::JoinTokenRecord record;
  if (!stored) return Unauthenticated("the join token is not known here, or has expired");
  if (!record.ParseFromString(*stored)) return DataLoss("the join token's record is damaged");
  if (FromUnixMicros(record.expires_at_us()) <= now)
    return Unauthenticated("the join token has expired");
  const RoleName given(record.role());
  DRIFTCAST_ASSIGN_OR_RETURN(const AgentId agent,
                             Spend(key, std::move(record), public_key.Sha256(), stack, now));

  v1::AgentRecord made = Find(agent).value_or(v1::AgentRecord());
  const bool again = made.enrolled_at_us() != 0;
  made.set_stack(stack.value);
  made.set_role(given.empty() ? role.value : given.value);
  if (!again) made.set_enrolled_at_us(ToUnixMicros(now));
  DRIFTCAST_ASSIGN_OR_RETURN(Enrolment enrolment, Issue(agent, std::move(made), csr_der, now));
  DRIFTCAST_RETURN_IF_ERROR(engine_.AppendAudit(Principal("engine"), "agent.enrolled", agent.value,
                                                "stack " + stack.value + (again ? ", again" : "")));
  return enrolment;
}

// One use of the token, for a new agent; or none, for a key that used it before.
StatusOr<AgentId> Roster::Spend(const std::string& key, v1::JoinTokenRecord token,
                                const std::string& key_sha256, const StackId& stack, Instant now) {
  for (const auto& use : token.uses()) {
    if (use.key_sha256() != key_sha256) continue;
    const auto record = Find(AgentId(use.agent()));
    if (record && record->revoked_at_us() != 0)
      return Unauthenticated("agent {} was revoked; a new join token is needed", use.agent());
    if (record && record->stack() != stack.value)
      return PermissionDenied("this key speaks for stack {}", record->stack());
    return AgentId(use.agent());
  }
  if (token.uses_left() < 1) return Unauthenticated("the join token is used up");
  if (!token.stack().empty() && token.stack() != stack.value)
    return PermissionDenied("the join token is for stack {}", token.stack());
  const AgentId before = SpeakerFor(stack, now);
  if (!before.empty() && !token.may_replace())
    return AlreadyExists(
        "agent {} speaks for stack {}; revoke it, or make a join token for this stack",
        before.value, stack.value);
  const AgentId agent = NewAgentId();
  token.set_uses_left(token.uses_left() - 1);
  auto* use = token.add_uses();
  use->set_agent(agent.value);
  use->set_key_sha256(key_sha256);
  use->set_at_us(ToUnixMicros(now));
  DRIFTCAST_RETURN_IF_ERROR(engine_.PutSetting(key, token.SerializeAsString()));
  if (!before.empty())
    DRIFTCAST_RETURN_IF_ERROR(
        RevokeNow(before, "replaced by " + agent.value, Principal("engine"), now));
  return agent;
}

StatusOr<Enrolment> Roster::Renew(const AgentId& agent, std::string_view csr_der, Instant now) {
  const MutexLock writing(writing_);
  auto record = Find(agent);
  if (!record || record->revoked_at_us() != 0)
    return Unauthenticated("agent {} may not speak here", agent.value);
  return Issue(agent, *std::move(record), csr_der, now);
}

StatusOr<Enrolment> Roster::Issue(const AgentId& agent, v1::AgentRecord record,
                                  std::string_view csr_der, Instant now) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Certificate certificate,
                             authority_.IssueAgent(csr_der, agent, now));
  AddCertificate(certificate, now, record);
  DRIFTCAST_RETURN_IF_ERROR(Save(agent, std::move(record)));
  return Enrolment{agent, certificate.ToPem() + authority_.certificate_pem()};
}

StatusOr<Speaker> Roster::Admit(const Certificate& certificate, Instant now) const {
  const AgentId agent(certificate.common_name());
  const MutexLock lock(mutex_);
  const auto found = agents_.find(agent);
  if (found == agents_.end())
    return Unauthenticated("agent '{}' is not enrolled here", agent.value);
  if (found->second.revoked_at_us() != 0)
    return Unauthenticated("agent {} was revoked: {}", agent.value, found->second.revoked_reason());
  if (revoked_serials_.contains(certificate.serial()))
    return Unauthenticated("this certificate of agent {} was revoked", agent.value);
  if (certificate.not_after() <= now)
    return Unauthenticated("the certificate of agent {} ended at {}", agent.value,
                           FormatInstant(certificate.not_after()));
  return Speaker{agent, StackId(found->second.stack())};
}

Status Roster::Revoke(const AgentId& agent, const std::string& reason, const Principal& by,
                      Instant now) {
  const MutexLock writing(writing_);
  return RevokeNow(agent, reason, by, now);
}

Status Roster::RevokeNow(const AgentId& agent, const std::string& reason, const Principal& by,
                         Instant now) {
  auto record = Find(agent);
  if (!record) return NotFound("agent '{}' is not enrolled here", agent.value);
  if (record->revoked_at_us() != 0) return Ok();
  record->set_revoked_at_us(ToUnixMicros(now));
  record->set_revoked_reason(reason);
  DRIFTCAST_RETURN_IF_ERROR(Save(agent, *std::move(record)));
  return engine_.AppendAudit(by, "agent.revoked", agent.value, reason);
}

Status Roster::RevokeSerial(std::string_view serial, const std::string& reason, const Principal& by,
                            Instant now) {
  if (serial.empty() || serial.size() > 20)
    return InvalidArgument("a serial number of {} bytes; 1 to 20 are possible", serial.size());
  const MutexLock writing(writing_);
  const std::string hex = Hex(serial);
  DRIFTCAST_RETURN_IF_ERROR(engine_.PutSetting(kRevokedPrefix + hex, FormatInstant(now)));
  {
    const MutexLock lock(mutex_);
    revoked_serials_.emplace(serial);
  }
  return engine_.AppendAudit(by, "certificate.revoked", hex, reason);
}

std::vector<EnrolledAgent> Roster::List() const {
  const MutexLock lock(mutex_);
  std::vector<EnrolledAgent> out;
  out.reserve(agents_.size());
  for (const auto& [id, record] : agents_) out.push_back(ToEnrolledAgent(id, record));
  return out;
}

std::vector<JoinTokenInfo> Roster::ListTokens(Instant now) const {
  std::vector<JoinTokenInfo> out;
  for (const auto& [key, value] : engine_.ListSettings(kTokenPrefix)) {
    v1::JoinTokenRecord record;
    if (!record.ParseFromString(value) || FromUnixMicros(record.expires_at_us()) <= now) continue;
    JoinTokenInfo info{TokenId(key),
                       StackId(record.stack()),
                       RoleName(record.role()),
                       record.note(),
                       Principal(record.made_by()),
                       FromUnixMicros(record.made_at_us()),
                       FromUnixMicros(record.expires_at_us()),
                       record.uses_left(),
                       Instant(),
                       AgentId()};
    if (record.uses_size() > 0) {
      const auto& last = record.uses(record.uses_size() - 1);
      info.used_at = FromUnixMicros(last.at_us());
      info.used_by = AgentId(last.agent());
    }
    out.push_back(std::move(info));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.made_at < b.made_at; });
  return out;
}

Status Roster::WithdrawToken(const std::string& id, const Principal& by) {
  const MutexLock writing(writing_);
  for (const auto& [key, value] : engine_.ListSettings(kTokenPrefix)) {
    if (TokenId(key) != id) continue;
    DRIFTCAST_RETURN_IF_ERROR(engine_.DeleteSetting(key));
    return engine_.AppendAudit(by, "token.withdrawn", id, "");
  }
  return NotFound("there is no join token {}", id);
}

Status Roster::DropExpiredTokens(Instant now) {
  const MutexLock writing(writing_);
  for (const auto& [key, value] : engine_.ListSettings(kTokenPrefix)) {
    v1::JoinTokenRecord record;
    if (record.ParseFromString(value) && FromUnixMicros(record.expires_at_us()) > now) continue;
    DRIFTCAST_RETURN_IF_ERROR(engine_.DeleteSetting(key));
  }
  return Ok();
}

std::optional<v1::AgentRecord> Roster::Find(const AgentId& agent) const {
  const MutexLock lock(mutex_);
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return std::nullopt;
  return found->second;
}

AgentId Roster::SpeakerFor(const StackId& stack, Instant now) const {
  const MutexLock lock(mutex_);
  for (const auto& [id, record] : agents_)
    if (record.stack() == stack.value && record.revoked_at_us() == 0 &&
        CertificateUntil(record) > now)
      return id;
  return AgentId();
}

Status Roster::Save(const AgentId& agent, v1::AgentRecord record) {
  DRIFTCAST_RETURN_IF_ERROR(
      engine_.PutSetting(kAgentPrefix + agent.value, record.SerializeAsString()));
  const MutexLock lock(mutex_);
  agents_[agent] = std::move(record);
  return Ok();
}

}  // namespace driftcast
