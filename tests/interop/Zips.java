import java.io.FileInputStream;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** Lists a ZIP twice, a line for each file: as a stream of local headers, and by its directory. */
class Zips {
    public static void main(String[] arguments) throws Exception {
        try (var zip = new ZipInputStream(new FileInputStream(arguments[0]))) {
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                System.out.println("stream\t" + entry.getName() + "\t" + digest(zip));
            }
        }
        try (var zip = new ZipFile(arguments[0])) {
            for (var entry : zip.stream().toList()) {
                try (var content = zip.getInputStream(entry)) {
                    System.out.println("file\t" + entry.getName() + "\t" + digest(content));
                }
            }
        }
    }

    static String digest(InputStream content) throws Exception {
        var sha256 = MessageDigest.getInstance("SHA-256");
        var block = new byte[65536];
        for (int size = content.read(block); size >= 0; size = content.read(block)) {
            sha256.update(block, 0, size);
        }
        return HexFormat.of().formatHex(sha256.digest());
    }
}
