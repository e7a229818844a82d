// Who may speak: join tokens, enrolled agents, their certificates and revocations. Everything is
// kept in the engine's settings (proto/driftcast/v1/gate.proto) and survives a restart.
//
// Thread-safe. Functions that change something block until it is durable and written to the audit
// log, so they do not belong on a thread that must go on; Admit only reads memory.
#ifndef DRIFTCAST_RPC_ROSTER_H_
#define DRIFTCAST_RPC_ROSTER_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "driftcast/v1/gate.pb.h"

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "model/resource.h"
#include "rpc/authority.h"
#include "rpc/engine_seam.h"
#include "rpc/join_token.h"
#include "rpc/speaker.h"

namespace driftcast {

struct JoinTokenOptions {
  Duration valid = kHour;
  int uses = 1;  // agents that may enrol with it, 1 to 100,000
  // When given, the token is for this stack alone, and an agent that already speaks for it is
  // replaced (a host that was reinstalled). Without it, a stack that has an agent is refused.
  StackId stack = {};
  Principal by = {};  // for the audit log
  // An agent of whatever stack may be replaced: for a token that stays on this machine.
  bool may_replace = false;
  RoleName role = {};     // of the agents that enrol with it; empty = as they say
  std::string note = {};  // for people, at most 1024 bytes
};

// A join token that was given out; the secret itself is not kept.
struct JoinTokenInfo {
  std::string id;  // "j-" and hex digits
  StackId stack;
  RoleName role;
  std::string note;
  Principal by;
  Instant made_at, expires_at;
  int uses_left = 0;
  Instant used_at;  // the last time; epoch = never
  AgentId used_by;
};

// The id under which a token (its whole text, or its secret) is listed.
std::string JoinTokenId(std::string_view token);

struct EnrolledAgent {
  AgentId id;
  StackId stack;
  RoleName role;
  Instant enrolled_at;
  Instant certificate_until;   // of its newest certificate
  Instant revoked_at;          // epoch = not revoked
  std::string revoked_reason;  // for people
};

struct Enrolment {
  AgentId agent;
  std::string certificate_pem;  // and the authority's
};

class Roster {
 public:
  // Both must outlive the roster. DataLoss when a record cannot be read.
  static StatusOr<std::unique_ptr<Roster>> Open(EngineSeam& engine, const Authority& authority);

  StatusOr<JoinToken> CreateToken(const JoinTokenOptions& options, Instant now);

  // A certificate for the key of `csr_der`, for an agent of `stack`. `token` is a whole join token
  // or its secret. The same key may ask again with the same token, in case the answer was lost.
  // Unauthenticated: unknown, expired or used token. PermissionDenied: it is for another stack.
  // AlreadyExists: the stack has an agent. InvalidArgument: the rest.
  StatusOr<Enrolment> Enroll(std::string_view token, std::string_view csr_der, const StackId& stack,
                             const RoleName& role, Instant now);

  // A new certificate for an agent that was admitted; the old one stays valid until it ends.
  StatusOr<Enrolment> Renew(const AgentId& agent, std::string_view csr_der, Instant now);

  // Who presents a certificate that the authority signed. Unauthenticated: the agent is not
  // enrolled here or is revoked, the certificate is revoked or has ended.
  StatusOr<Speaker> Admit(const Certificate& certificate, Instant now) const;

  // The agent must enrol again to come back. NotFound for an unknown one. Idempotent.
  Status Revoke(const AgentId& agent, const std::string& reason, const Principal& by, Instant now);
  // One certificate, by its serial's bytes; it need not be known.
  Status RevokeSerial(std::string_view serial, const std::string& reason, const Principal& by,
                      Instant now);

  std::vector<EnrolledAgent> List() const;  // by id, revoked ones too

  std::vector<JoinTokenInfo> ListTokens(Instant now) const;  // that have not expired, oldest first

  // The token is worth nothing from now on. NotFound.
  Status WithdrawToken(const std::string& id, const Principal& by);

  // Drops tokens that have expired.
  Status DropExpiredTokens(Instant now);

 private:
  Roster(EngineSeam& engine, const Authority& authority) : engine_(engine), authority_(authority) {}
  Status Load() DRIFTCAST_EXCLUDES(mutex_);
  std::optional<v1::AgentRecord> Find(const AgentId& agent) const DRIFTCAST_EXCLUDES(mutex_);
  // The agent that speaks for the stack and may still come; empty when there is none.
  AgentId SpeakerFor(const StackId& stack, Instant now) const DRIFTCAST_EXCLUDES(mutex_);
  Status Save(const AgentId& agent, v1::AgentRecord record) DRIFTCAST_EXCLUDES(mutex_);
  // Issues a certificate and saves the record with it.
  StatusOr<Enrolment> Issue(const AgentId& agent, v1::AgentRecord record, std::string_view csr_der,
                            Instant now) DRIFTCAST_REQUIRES(writing_);
  StatusOr<AgentId> Spend(const std::string& key, v1::JoinTokenRecord token,
                          const std::string& key_sha256, const StackId& stack, Instant now)
      DRIFTCAST_REQUIRES(writing_);
  Status RevokeNow(const AgentId& agent, const std::string& reason, const Principal& by,
                   Instant now) DRIFTCAST_REQUIRES(writing_);

  EngineSeam& engine_;
  const Authority& authority_;
  Mutex writing_;  // one change at a time; held while the engine makes it durable
  mutable Mutex mutex_;
  std::map<AgentId, v1::AgentRecord> agents_ DRIFTCAST_GUARDED_BY(mutex_);
  std::set<std::string> revoked_serials_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_ROSTER_H_
