// The hosts of a simulated fleet: what each has, and how it changes. Everything follows from the
// seed: the same seed and the same calls give the same facts.
//
// Names are those that one meets on Debian hosts: packages with versions, files of daemons with
// keys, kernel settings. Hosts of one role are alike; packages are upgraded in waves over the
// fleet.
#ifndef DRIFTCAST_BENCH_FLEET_POPULATION_H_
#define DRIFTCAST_BENCH_FLEET_POPULATION_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "model/fact.h"

namespace driftcast::fleet {

struct PopulationOptions {
  uint64_t seed = 1;
  int resources = 200;  // per host: 60 % packages, 30 % files, 10 % kernel settings
  // Every change gives its key a value that no other change gives it, or puts it back, and nobody
  // is named as its cause; else values are plausible and repeat.
  bool unique_values = false;
  std::string stack_prefix = "host";
};

// What a change did, for the ledger.
struct Changed {
  ResourceId resource;
  std::string path;
  std::string value;  // canonical text
};

// One host. Not thread-safe. Remembers only what differs from where it began.
class Host {
 public:
  Host(const PopulationOptions& options, int number);

  const StackId& stack() const { return stack_; }
  const RoleName& role() const { return role_; }
  int resources() const { return options_.resources; }

  StackEnrolled Enrolled() const;
  ResourceObserved Observe(int index, Means means) const;  // resource `index` as it is now
  // One key of one resource moves, or is put back; returns the resource's whole observation.
  ResourceObserved Change(Changed* changed);

 private:
  ResourceObserved Baseline(int index) const;
  ResourceObserved Package(int index) const;
  ResourceObserved File(int index) const;
  ResourceObserved Sysctl(int index) const;
  ResourceObserved Restore(int index, Changed* changed);
  std::string NewValue(const ResourceObserved& resource, const KeyValue& key);

  PopulationOptions options_;
  StackId stack_;
  RoleName role_;
  std::mt19937_64 random_;
  uint64_t changes_ = 0;
  std::map<int, std::map<std::string, Value>> moved_;  // by resource index, then path
};

}  // namespace driftcast::fleet

#endif  // DRIFTCAST_BENCH_FLEET_POPULATION_H_
