// The way back from one change, worked out and stored before the change is made.
#ifndef DRIFTCAST_APPLY_UNDO_H_
#define DRIFTCAST_APPLY_UNDO_H_

#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apply/host_files.h"
#include "apply/package_tool.h"
#include "apply/units.h"
#include "base/status.h"

namespace driftcast {

// What goes back and looks; outlives the calls.
struct HostTools {
  const HostFiles& files;
  PackageTool& packages;
  Units& units;
};

struct Undo {
  enum class Kind { kFile, kSysctl, kPackage, kUnit, kMount, kNone };
  Kind kind = Kind::kFile;
  std::string name;  // path, setting, package, unit or mount point

  FileImage before;          // kFile; its content is in DATA/kept
  std::string after_digest;  // kFile: ImageDigest of what we were about to write. Empty: a
                             // package's script writes it, so anything may be there
  std::string value_before, value_after;  // kSysctl; kMount: its flags, "ro,nosuid"
  PackageState package_before;            // kPackage
  std::string deb;        // kPackage: file in DATA/debs to go back with; empty = there is none
  UnitState unit_before;  // kUnit
  std::string again;      // kUnit: "reload" or "restart" once everything else is back; or empty
  // kNone: a program that was begun; there is no way back, and it is always named as a difference.
};

// Hex SHA-256 over content, mode, owner and attributes.
std::string ImageDigest(const FileImage& image);

// Contents go to DATA/kept and only their digests into the record.
StatusOr<nlohmann::json> UndoToJson(const std::filesystem::path& data, const Undo& undo);
StatusOr<Undo> UndoFromJson(const std::filesystem::path& data, const nlohmann::json& in);

// Makes what the undo is about as it was. OK also when it is so already. A file or setting that is
// neither as it was nor as we wanted it has been changed by somebody else: FailedPrecondition, and
// it is left alone.
Status GoBack(const Undo& undo, const std::filesystem::path& data, const HostTools& tools);

// What is different from how it was, for people; empty when nothing is.
std::string RemainingDifference(const Undo& undo, const HostTools& tools);

// Has a unit take up again what a plan made it take up, when it runs.
Status TakeUpAgain(const Undo& undo, Units& units);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_UNDO_H_
