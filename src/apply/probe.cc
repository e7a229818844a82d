#include "apply/probe.h"

#include <utility>

namespace driftcast {
namespace {

std::function<void(const char*)>& Hook() {
  static std::function<void(const char*)> hook;
  return hook;
}

}  // namespace

void SetProbe(std::function<void(const char*)> hook) { Hook() = std::move(hook); }

void Probe(const char* point) {
  if (Hook()) Hook()(point);
}

}  // namespace driftcast
