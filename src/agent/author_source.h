// Where it is known from who changed a file.
#ifndef DRIFTCAST_AGENT_AUTHOR_SOURCE_H_
#define DRIFTCAST_AGENT_AUTHOR_SOURCE_H_

#include <string>

#include "model/cause.h"

namespace driftcast {

class AuthorSource {
 public:
  AuthorSource() = default;
  virtual ~AuthorSource() = default;
  AuthorSource(const AuthorSource&) = delete;
  AuthorSource& operator=(const AuthorSource&) = delete;

  // As causes say it in `seen_by`: "fanotify", "audit log".
  virtual std::string name() const = 0;

  // Takes in what is there to be known by now.
  virtual void CatchUp() = 0;

  // Why the path (the host's own) changed last, within the last minute. Text and actor are empty
  // when nobody was seen. The confidence: exact when the kernel named who wrote, racy when it may
  // have been somebody else.
  virtual Cause Of(const std::string& path) = 0;

  // What was taken in and what was lost, for `driftcast-agent cost`: "events=12 lost=0".
  virtual std::string Account() const = 0;

  // Why it sees nothing at present; empty when it does see.
  virtual std::string Missing() const { return ""; }
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_AUTHOR_SOURCE_H_
