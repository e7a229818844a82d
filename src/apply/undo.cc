#include "apply/undo.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apply/journal.h"
#include "apply/mounts.h"
#include "apply/sysctl.h"
#include "base/crypto.h"

namespace driftcast {
namespace {

using nlohmann::json;

// A package that is being changed by somebody else gets this long before we give up.
constexpr Duration kLockPatience = std::chrono::minutes(15);
constexpr Duration kPackageTimeout = std::chrono::minutes(15);
constexpr Duration kUnitTimeout = std::chrono::minutes(2);

StatusOr<json> ImageToJson(const std::filesystem::path& data, const FileImage& image) {
  json out = {{"exists", image.exists}};
  if (!image.exists) return out;
  DRIFTCAST_ASSIGN_OR_RETURN(out["content"], KeepContent(data, image.content));
  out["mode"] = image.mode;
  out["uid"] = image.uid;
  out["gid"] = image.gid;
  out["modified_ns"] = image.modified_ns;
  for (const auto& [name, value] : image.attributes) out["attributes"][name] = Base64(value);
  return out;
}

StatusOr<FileImage> ImageFromJson(const std::filesystem::path& data, const json& in) {
  FileImage image;
  image.exists = in.at("exists").get<bool>();
  if (!image.exists) return image;
  DRIFTCAST_ASSIGN_OR_RETURN(image.content, KeptContent(data, in.at("content").get<std::string>()));
  image.mode = in.at("mode").get<mode_t>();
  image.uid = in.at("uid").get<uid_t>();
  image.gid = in.at("gid").get<gid_t>();
  image.modified_ns = in.at("modified_ns").get<int64_t>();
  if (!in.contains("attributes")) return image;
  for (const auto& [name, value] : in.at("attributes").items()) {
    DRIFTCAST_ASSIGN_OR_RETURN(image.attributes[name], FromBase64(value.get<std::string>()));
  }
  return image;
}

json PackageToJson(const PackageState& state) {
  return {{"installed", state.installed},
          {"version", state.version},
          {"architecture", state.architecture},
          {"hold", state.hold},
          {"status", state.status}};
}

PackageState PackageFromJson(const json& in) {
  PackageState state;
  state.installed = in.at("installed").get<bool>();
  state.version = in.at("version").get<std::string>();
  state.architecture = in.at("architecture").get<std::string>();
  state.hold = in.at("hold").get<bool>();
  state.status = in.at("status").get<std::string>();
  return state;
}

std::string Describe(const PackageState& state) {
  if (state.status.empty()) return "not there";
  return state.version + " (" + state.status + ")";
}

Status FileBack(const Undo& undo, const HostFiles& files) {
  DRIFTCAST_RETURN_IF_ERROR(files.RemoveLeftovers(undo.name));
  DRIFTCAST_ASSIGN_OR_RETURN(const FileImage now, files.Read(undo.name));
  if (now.SameAs(undo.before)) return Ok();
  if (!undo.after_digest.empty() && ImageDigest(now) != undo.after_digest)
    return FailedPrecondition("{} was changed by somebody else meanwhile, and is left alone",
                              undo.name);
  const Status replaced = files.Replace(undo.name, now, undo.before);
  // Replacing needs room for a second file for a moment.
  if (replaced.code() == StatusCode::kResourceExhausted && now.exists && undo.before.exists)
    return files.Overwrite(undo.name, now, undo.before);
  return replaced;
}

Status SysctlBack(const Undo& undo, const HostFiles& files) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string now, ReadSysctl(files, undo.name));
  if (now == undo.value_before) return Ok();
  if (now != undo.value_after)
    return FailedPrecondition("{} was set to {} by somebody else meanwhile, and is left alone",
                              undo.name, now);
  return WriteSysctl(files, undo.name, undo.value_before);
}

Status MountBack(const Undo& undo, const HostFiles& files) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string now, ReadMountFlags(files, undo.name));
  if (now == undo.value_before) return Ok();
  if (now != undo.value_after)
    return FailedPrecondition("{} was mounted {} by somebody else meanwhile, and is left alone",
                              undo.name, now);
  return Remount(files, undo.name, undo.value_before);
}

Status VersionBack(const Undo& undo, const PackageState& now, PackageTool& packages,
                   const std::filesystem::path& data) {
  const PackageState& before = undo.package_before;
  if (!before.installed) {
    if (now.status == before.status) return Ok();
    return packages.Remove(undo.name, before.status.empty(), kPackageTimeout);
  }
  if (now.installed && now.version == before.version) return Ok();
  if (!undo.deb.empty())
    return packages.Install((data / "debs" / undo.deb).string(), kPackageTimeout);
  if (now.version == before.version) return packages.Configure(undo.name, kPackageTimeout);
  return FailedPrecondition("version {} of {} is not kept on this host", before.version, undo.name);
}

Status PackageBack(const Undo& undo, const std::filesystem::path& data, PackageTool& packages) {
  // First: a dpkg that outlived us may still be at work.
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor lock, packages.Lock(kLockPatience));
  DRIFTCAST_ASSIGN_OR_RETURN(const PackageState now, packages.Read(undo.name));
  if (now.SameAs(undo.package_before)) return Ok();
  // Only what is wanted of it may have moved.
  if (!(now.installed && undo.package_before.installed &&
        now.version == undo.package_before.version)) {
    DRIFTCAST_RETURN_IF_ERROR(VersionBack(undo, now, packages, data));
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const PackageState then, packages.Read(undo.name));
  // A removal that was refused leaves behind that it is wanted.
  if (undo.package_before.installed && then.Wanted() != undo.package_before.Wanted())
    return packages.SetHold(undo.name, undo.package_before.hold);
  return Ok();
}

}  // namespace

std::string ImageDigest(const FileImage& image) {
  if (!image.exists) return "absent";
  json all = {image.mode, image.uid, image.gid};
  for (const auto& [name, value] : image.attributes) all.push_back({name, Base64(value)});
  return Hex(Sha256(Sha256(image.content) + all.dump()));
}

StatusOr<json> UndoToJson(const std::filesystem::path& data, const Undo& undo) {
  json out = {{"name", undo.name}};
  if (undo.kind == Undo::Kind::kFile) {
    out["kind"] = "file";
    DRIFTCAST_ASSIGN_OR_RETURN(out["before"], ImageToJson(data, undo.before));
    out["after"] = undo.after_digest;
  } else if (undo.kind == Undo::Kind::kSysctl || undo.kind == Undo::Kind::kMount) {
    out["kind"] = undo.kind == Undo::Kind::kMount ? "mount" : "sysctl";
    out["before"] = undo.value_before;
    out["after"] = undo.value_after;
  } else if (undo.kind == Undo::Kind::kUnit) {
    out["kind"] = "unit";
    out["active"] = undo.unit_before.active;
    out["file_state"] = undo.unit_before.file_state;
    out["again"] = undo.again;
  } else if (undo.kind == Undo::Kind::kNone) {
    out["kind"] = "none";
  } else {
    out["kind"] = "package";
    out["before"] = PackageToJson(undo.package_before);
    out["deb"] = undo.deb;
  }
  return out;
}

StatusOr<Undo> UndoFromJson(const std::filesystem::path& data, const json& in) {
  Undo undo;
  undo.name = in.at("name").get<std::string>();
  const auto kind = in.at("kind").get<std::string>();
  if (kind == "file") {
    undo.kind = Undo::Kind::kFile;
    DRIFTCAST_RETURN_IF_ERROR(ValidateHostPath(undo.name));
    DRIFTCAST_ASSIGN_OR_RETURN(undo.before, ImageFromJson(data, in.at("before")));
    undo.after_digest = in.at("after").get<std::string>();
  } else if (kind == "sysctl" || kind == "mount") {
    undo.kind = kind == "mount" ? Undo::Kind::kMount : Undo::Kind::kSysctl;
    undo.value_before = in.at("before").get<std::string>();
    undo.value_after = in.at("after").get<std::string>();
  } else if (kind == "package") {
    undo.kind = Undo::Kind::kPackage;
    undo.package_before = PackageFromJson(in.at("before"));
    undo.deb = in.at("deb").get<std::string>();
  } else if (kind == "unit") {
    undo.kind = Undo::Kind::kUnit;
    undo.unit_before.known = true;
    undo.unit_before.active = in.at("active").get<std::string>();
    undo.unit_before.file_state = in.at("file_state").get<std::string>();
    undo.again = in.at("again").get<std::string>();
  } else if (kind == "none") {
    undo.kind = Undo::Kind::kNone;
  } else {
    return DataLoss("an undo of the unknown kind '{}'", kind);
  }
  return undo;
}

Status GoBack(const Undo& undo, const std::filesystem::path& data, const HostTools& tools) {
  switch (undo.kind) {
    case Undo::Kind::kFile:
      return FileBack(undo, tools.files);
    case Undo::Kind::kSysctl:
      return SysctlBack(undo, tools.files);
    case Undo::Kind::kPackage:
      return PackageBack(undo, data, tools.packages);
    case Undo::Kind::kUnit:
      return tools.units.GoBack(undo.name, undo.unit_before, kUnitTimeout);
    case Undo::Kind::kMount:
      return MountBack(undo, tools.files);
    case Undo::Kind::kNone:
      return Ok();
  }
  return Internal("an undo without a kind");
}

Status TakeUpAgain(const Undo& undo, Units& units) {
  if (undo.kind != Undo::Kind::kUnit || undo.again.empty()) return Ok();
  DRIFTCAST_ASSIGN_OR_RETURN(const UnitState now, units.Read(undo.name));
  const bool failed = undo.unit_before.active == "active" && now.active != "active";
  if (now.active != "active" && !failed) return Ok();
  const auto job = undo.again == "reload" && !failed ? Units::Job::kReload : Units::Job::kRestart;
  return units.Run(job, undo.name, kUnitTimeout);
}

std::string RemainingDifference(const Undo& undo, const HostTools& tools) {
  if (undo.kind == Undo::Kind::kNone)
    return undo.name + " was begun, and what it did is not undone";
  if (undo.kind == Undo::Kind::kUnit) {
    const auto now = tools.units.Read(undo.name);
    if (!now.ok()) return undo.name + ": cannot be asked: " + Message(now.status());
    if (now->SameAs(undo.unit_before)) return "";
    return fmt::format("{} is {} ({}) instead of {} ({})", undo.name, now->active, now->file_state,
                       undo.unit_before.active, undo.unit_before.file_state);
  }
  if (undo.kind == Undo::Kind::kFile) {
    const auto now = tools.files.Read(undo.name);
    if (!now.ok()) return undo.name + ": cannot be read: " + Message(now.status());
    const std::string difference = undo.before.DifferenceTo(*now);
    return difference.empty() ? "" : undo.name + ": " + difference;
  }
  if (undo.kind == Undo::Kind::kSysctl || undo.kind == Undo::Kind::kMount) {
    const auto now = undo.kind == Undo::Kind::kMount ? ReadMountFlags(tools.files, undo.name)
                                                     : ReadSysctl(tools.files, undo.name);
    if (!now.ok()) return undo.name + ": cannot be read: " + Message(now.status());
    if (*now == undo.value_before) return "";
    return fmt::format("{} is {} instead of {}", undo.name, *now, undo.value_before);
  }
  const auto now = tools.packages.Read(undo.name);
  if (!now.ok()) return undo.name + ": cannot be read: " + Message(now.status());
  if (now->SameAs(undo.package_before)) return "";
  return fmt::format("package {} is {} instead of {}", undo.name, Describe(*now),
                     Describe(undo.package_before));
}

}  // namespace driftcast
