// For tests: files in forty formats with two hundred secrets in them, each known by heart.
#ifndef DRIFTCAST_COLLECT_PLANTED_SECRETS_H_
#define DRIFTCAST_COLLECT_PLANTED_SECRETS_H_

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "collect/scratch_root.h"

namespace driftcast {

// Makes secrets of every shape and remembers them.
class SecretMint {
 public:
  explicit SecretMint(uint64_t seed) : random_(seed) {}

  std::string Word() { return Keep("Zq" + Draw("abcdefghijkmnpqrstuvwxyz", 9) + "9"); }
  std::string Strong() { return Keep("Q" + Draw(kAlnum, 23)); }
  std::string Hex32() { return Keep("a1" + Draw("0123456789abcdef", 38)); }
  std::string GitHub() { return Keep("ghp_" + Draw(kAlnum, 36)); }
  std::string Aws() { return Keep("AKIA" + Draw("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)); }
  std::string Crypt() { return "$6$" + Draw(kAlnum, 8) + "$" + Keep(Draw(kAlnum, 60)); }
  std::string Line64() { return Keep(Draw(kAlnum, 62) + "+7"); }
  std::string PrivateKey() {
    return "-----BEGIN PRIVATE KEY-----\n" + Line64() + "\n" + Line64() +
           "\n-----END PRIVATE KEY-----\n";
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  static constexpr const char* kAlnum =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string Draw(const std::string& alphabet, size_t count) {
    std::string out;
    while (out.size() < count) out += alphabet[random_() % alphabet.size()];
    return out;
  }
  std::string Keep(std::string secret) {
    all_.push_back(secret);
    return secret;
  }

  std::mt19937_64 random_;
  std::vector<std::string> all_;
};

struct PlantedFile {
  std::string path;
  std::string content;
  mode_t mode = 0644;
};

// Forty files of forty formats, five secrets in each.
inline std::vector<PlantedFile> PlantSecrets(SecretMint& m) {
  std::vector<PlantedFile> f;
  f.push_back(
      {"/etc/app/app.ini", "[db]\nhost=db\npassword=" + m.Word() +
                               "\n[api]\ntoken = " + m.Strong() + "\nclient_secret: " + m.Word() +
                               "\nurl=https://u:" + m.Word() + "@h/x\nkey_id=" + m.Aws() + "\n"});
  f.push_back({"/etc/app/app.json", R"({"db":{"password":")" + m.Word() + R"("},"tokens":[")" +
                                        m.Strong() + R"(",")" + m.Word() + R"("],"x":")" +
                                        m.GitHub() + R"(","private_key":")" + m.Word() + R"("})"});
  f.push_back(
      {"/etc/app/app.yaml", "db:\n  password: " + m.Word() + "\napi:\n  - secret: " + m.Word() +
                                "\n  - token: " + m.Strong() + "\ndsn: postgres://a:" + m.Word() +
                                "@db/x\nraw: " + m.Hex32() + "\n"});
  f.push_back({"/etc/app/app.toml", "password = \"" + m.Word() + "\"\n[s3]\nsecret_key = \"" +
                                        m.Strong() + "\"\naccess_key = \"" + m.Aws() +
                                        "\"\n[x]\ntoken = '" + m.Word() + "'\npassphrase = '" +
                                        m.Word() + "'\n"});
  f.push_back({"/etc/app/app.xml", "<c><password>" + m.Word() + "</password><u token=\"" +
                                       m.Word() + "\"/><d>" + m.Strong() + "</d><e secret=\"" +
                                       m.Word() + "\"/><f>" + m.Hex32() + "</f></c>\n"});
  f.push_back({"/etc/default/app",
               "DB_PASSWORD=\"" + m.Word() + "\"\nexport API_TOKEN=" + m.Word() +
                   "\nAWS_SECRET_ACCESS_KEY=" + m.Strong() + "\nURL=redis://:" + m.Word() +
                   "@r:6379\nOPTS=\"--password=" + m.Word() + "\"\n"});
  f.push_back({"/etc/app/.env", "PASSWORD=" + m.Word() + "\nSECRET=" + m.Word() + "\nTOKEN=" +
                                    m.Word() + "\nX=" + m.Strong() + "\nY=" + m.GitHub() + "\n"});
  f.push_back({"/etc/shadow",
               "root:" + m.Crypt() + ":1:0:9:7:::\na:" + m.Crypt() + ":1:0:9:7:::\nb:" + m.Crypt() +
                   ":1::::::\nc:!" + m.Crypt() + ":1::::::\nd:" + m.Crypt() + ":1::::::\n",
               0640});
  f.push_back({"/etc/gshadow",
               "a:" + m.Crypt() + "::\nb:" + m.Crypt() + "::\nc:" + m.Crypt() +
                   "::\nd:" + m.Crypt() + "::\ne:" + m.Crypt() + "::\n",
               0640});
  f.push_back({"/etc/nginx/nginx.conf",
               "http { proxy_set_header Authorization \"Basic " + m.Strong() +
                   "\"; server { auth_token " + m.Word() + "; password " + m.Word() +
                   "; proxy_pass http://u:" + m.Word() + "@x; secret " + m.Word() + "; } }\n"});
  f.push_back({"/etc/apt/apt.conf.d/99proxy",
               "Acquire::http::Proxy \"http://u:" + m.Word() +
                   "@p\";\nAcquire { https { Proxy \"http://u:" + m.Word() + "@q\"; Password \"" +
                   m.Word() + "\"; }; };\nX::Token \"" + m.Word() + "\";\nY::Secret \"" + m.Word() +
                   "\";\n"});
  f.push_back({"/etc/apt/sources.list",
               "deb http://u:" + m.Word() + "@a s m\ndeb http://u:" + m.Word() +
                   "@b s m\ndeb http://u:" + m.Word() + "@c s m\ndeb http://u:" + m.Word() +
                   "@d s m\ndeb http://u:" + m.Word() + "@e s m\n"});
  f.push_back({"/etc/apt/sources.list.d/x.sources",
               "Types: deb\nURIs: http://u:" + m.Word() +
                   "@a\nSuites: s\n\nTypes: deb\nURIs: http://u:" + m.Word() + "@b\nSuites: " +
                   m.Strong() + "\n\nTypes: deb\nURIs: http://c\nPassword: " + m.Word() +
                   "\nToken: " + m.Word() + "\n"});
  f.push_back({"/etc/apt/auth.conf.d/x.conf",
               "machine a login u password " + m.Word() + "\nmachine b login u password " +
                   m.Word() + "\nmachine c login u password " + m.Word() +
                   "\nmachine d login u password " + m.Word() + "\nmachine e login u password " +
                   m.Word() + "\n"});
  f.push_back({"/etc/systemd/system/app.service",
               "[Service]\nEnvironment=DB_PASSWORD=" + m.Word() +
                   "\nEnvironment=\"TOKEN=" + m.Word() + "\"\nExecStart=/bin/app --secret " +
                   m.Word() + "\nExecStartPre=/bin/curl -u a:" + m.Word() +
                   "@h\nSetCredential=x:" + m.Strong() + "\n"});
  f.push_back({"/etc/NetworkManager/system-connections/w.nmconnection",
               "[wifi-security]\npsk=" + m.Word() + "\n[802-1x]\npassword=" + m.Word() +
                   "\nprivate-key-password=" + m.Word() + "\n[vpn]\nIPSec secret=" + m.Word() +
                   "\nuser=" + m.Word() + "\n",
               0600});
  f.push_back({"/etc/wpa_supplicant/wpa.conf",
               "network={\n ssid=\"x\"\n psk=\"" + m.Word() + "\"\n}\nnetwork={\n password=\"" +
                   m.Word() + "\"\n}\nnetwork={\n wep_key0=" + m.Hex32() + "\n psk=" + m.Hex32() +
                   "\n password=\"" + m.Word() + "\"\n}\n",
               0600});
  f.push_back({"/etc/app/.htpasswd", "a:" + m.Crypt() + "\nb:{SSHA}" + m.Strong() +
                                         "\nc:" + m.Crypt() + "\nd:" + m.Crypt() +
                                         "\ne:" + m.Crypt() + "\n"});
  f.push_back({"/etc/app/.netrc", "machine h login u password " + m.Word() +
                                      "\nmachine i login u password " + m.Word() +
                                      "\nmachine j\n login u\n password " + m.Word() +
                                      "\nmachine k login u password " + m.Word() +
                                      "\ndefault password " + m.Word() + "\n"});
  f.push_back({"/etc/app/.pgpass",
               "h:5432:d:u:" + m.Word() + "\nh:5432:e:u:" + m.Word() + "\nh:5432:f:u:" + m.Word() +
                   "\nh:5432:g:u:" + m.Word() + "\n*:*:*:u:" + m.Word() + "\n",
               0600});
  f.push_back({"/etc/postfix/sasl_passwd",
               "[a]:587 u:" + m.Word() + "\n[b]:587 u:" + m.Word() + "\n[c]:587 u:" + m.Word() +
                   "\n[d]:587 u:" + m.Word() + "\n[e]:587 u:" + m.Word() + "\n",
               0600});
  f.push_back({"/etc/postfix/main.cf", "myhostname = a\nsmtp_sasl_password = " + m.Word() +
                                           "\nrelay_token = " + m.Word() +
                                           "\nx_secret = " + m.Word() + "\ny = " + m.Strong() +
                                           "\nz = ldap://u:" + m.Word() + "@l\n"});
  f.push_back({"/etc/mysql/my.cnf",
               "[client]\npassword=" + m.Word() + "\n[mysqld]\nmaster_password=" + m.Word() +
                   "\n[mysqldump]\npassword = " + m.Word() + "\ninit=SET PASSWORD='" + m.Word() +
                   "'\nwsrep_sst_auth=u:" + m.Strong() + "\n"});
  f.push_back({"/etc/redis/redis.conf", "requirepass " + m.Word() + "\nmasterauth " + m.Word() +
                                            "\nuser default on >" + m.Strong() +
                                            "\nuser a password " + m.Word() +
                                            "\nport 6379\nsecret " + m.Word() + "\n"});
  f.push_back({"/etc/ppp/chap-secrets", "a * " + m.Word() + " *\nb * " + m.Word() + " *\nc * " +
                                            m.Word() + " *\nd * " + m.Word() + " *\ne * " +
                                            m.Word() + " *\n"});
  f.push_back(
      {"/etc/ssl/private/k.pem", m.PrivateKey() + m.PrivateKey() + m.Line64() + "\n", 0600});
  f.push_back(
      {"/etc/app/public-mode-key.pem", m.PrivateKey() + m.PrivateKey() + m.Line64() + "\n"});
  f.push_back({"/etc/app/keys.yaml",
               "tls:\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    " + m.Line64() + "\n    " +
                   m.Line64() + "\n    -----END PRIVATE KEY-----\nlist:\n  - " + m.Strong() +
                   "\n  - " + m.GitHub() + "\nmap:\n  password: {value: " + m.Word() + "}\n"});
  f.push_back({"/etc/pam.d/app", "auth required pam_mysql.so passwd=" + m.Word() +
                                     "\nauth required pam_x.so secret=" + m.Word() +
                                     " a=b\nsession optional y.so token=" + m.Word() +
                                     "\nauth required z.so " + m.Strong() +
                                     "\naccount required p.so "
                                     "db=mysql://u:" +
                                     m.Word() + "@h/d\n"});
  f.push_back({"/etc/cron.d/app", "DB_PASSWORD=" + m.Word() +
                                      "\n* * * * * root curl -H 'Authorization: "
                                      "Bearer " +
                                      m.Strong() + "'\n1 * * * * root mysql -u a --password=" +
                                      m.Word() + "\n2 * * * * root x https://u:" + m.Word() +
                                      "@h\n3 * * * * root y --token " + m.Word() + "\n"});
  f.push_back({"/etc/app/run.sh",
               "#!/bin/sh\nPASSWORD=" + m.Word() + "\ncurl -u a:" + m.Word() + " x\nexport TOKEN=" +
                   m.Word() + "\necho " + m.Strong() + " " + m.GitHub() + "\n",
               0755});
  f.push_back({"/etc/fstab", "//s/a /a cifs username=u,password=" + m.Word() +
                                 " 0 0\n//s/b /b cifs "
                                 "password=" +
                                 m.Word() + " 0 0\n//s/c /c cifs pass=" + m.Word() +
                                 " 0 0\n//s/d /d davfs token=" + m.Word() +
                                 " 0 0\nhttps://u:" + m.Word() + "@h/ /e davfs rw 0 0\n"});
  f.push_back({"/etc/hosts.allow", "ALL: x # password=" + m.Word() +
                                       "\nsshd: y : spawn /x --token=" + m.Word() +
                                       "\nz: " + m.Strong() + "\nq: http://u:" + m.Word() +
                                       "@h\nr: secret=" + m.Word() + "\n"});
  f.push_back({"/etc/sysctl.d/x.conf",
               "net.ipv4.tcp_fastopen_key = " + m.Hex32() + "\nnet.x.secret = " + m.Word() +
                   "\nkernel.password = " + m.Word() + "\nnet.y.token = " + m.Word() +
                   "\nz = " + m.Strong() + "\n"});
  f.push_back({"/etc/app/app.properties",
               "spring.datasource.password=" + m.Word() + "\njwt.secret: " + m.Word() +
                   "\napi.token = " + m.Word() + "\nurl=jdbc:x://u:" + m.Word() +
                   "@h\nraw=" + m.Hex32() + "\n"});
  f.push_back({"/etc/app/app.conf",
               "password " + m.Word() + "\nauth_token " + m.Word() + "\nlisten 80\nsecret_key " +
                   m.Word() + "\nserver a token=" + m.Word() + "\nid " + m.Strong() + "\n"});
  f.push_back({"/etc/app/binary.dat",
               std::string("\0\1\2", 3) + m.Word() + std::string(1, '\0') + m.Word() + m.Strong() +
                   m.GitHub() + m.Word(),
               0600});
  f.push_back({"/etc/app/notes.txt", "The password is: " + m.Word() + "\nThe token: " + m.Word() +
                                         "\nand " + m.Strong() + "\nor " + m.GitHub() +
                                         "\nthat is " + m.Hex32() + "\n"});
  f.push_back({"/etc/rsyslog.d/x.conf",
               "$ActionX password=" + m.Word() + "\n*.* @@h:514;token=" + m.Word() +
                   "\n# secret=" + m.Word() + "\naction(type=\"x\" pwd=\"" + m.Word() +
                   "\" uid=\"u\")\n*.* :ommysql:h,d,u,password=" + m.Word() + "\n"});
  f.push_back({"/etc/sudoers.d/app",
               "Defaults secret=\"" + m.Word() + "\"\nann ALL=(ALL) /x --password=" + m.Word() +
                   "\nbob ALL=(ALL) /y token=" + m.Word() + "\nc ALL=(ALL) /z " + m.Strong() +
                   "\nd ALL=(ALL) /w http://u:" + m.Word() + "@h\n",
               0440});
  return f;
}

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_PLANTED_SECRETS_H_
