import java.io.File;
import java.security.KeyStore.PasswordProtection;
import java.util.ArrayList;
import java.util.List;

import eu.europa.esig.dss.asic.cades.ASiCWithCAdESSignatureParameters;
import eu.europa.esig.dss.asic.cades.signature.ASiCWithCAdESService;
import eu.europa.esig.dss.enumerations.ASiCContainerType;
import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.policy.EtsiValidationPolicy;
import eu.europa.esig.dss.policy.ValidationPolicyFacade;
import eu.europa.esig.dss.policy.jaxb.Level;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import eu.europa.esig.dss.validation.SignedDocumentValidator;

/** The EU's own library for signatures: verifies an ASiC-E with CAdES against a root, or writes one. */
class EuropeanDss {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("verify")) {
            verify(new File(arguments[1]), new File(arguments[2]));
        } else {
            write(arguments);
        }
    }

    static void verify(File container, File root) throws Exception {
        var roots = new CommonTrustedCertificateSource();
        roots.addCertificate(DSSUtils.loadCertificate(root));
        var verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(roots);
        var validator = SignedDocumentValidator.fromDocument(new FileDocument(container));
        validator.setCertificateVerifier(verifier);
        var reports = validator.validateDocument(policy());
        var told = reports.getDiagnosticData();
        System.out.println("container\t" + told.getContainerType() + "\t" + told.getMimetypeFileContent());
        for (var signature : told.getSignatures()) {
            var id = signature.getId();
            System.out.println("signature\t" + signature.isSignatureValid() + "\t" + signature.getSignatureFormat());
            System.out.println("chain\t" + signature.isTrustedChain() + "\t" + signature.getCertificateChain().size());
            System.out.println("verdict\t" + reports.getSimpleReport().getIndication(id)
                + "\t" + reports.getSimpleReport().getSubIndication(id));
            for (var digest : signature.getDigestMatchers()) {
                System.out.println("digest\t" + digest.getDocumentName() + "\t" + digest.isDataFound() + "\t" + digest.isDataIntact());
            }
        }
    }

    /** The library's own policy; but the certificates of the tests belong to nobody who could revoke them. */
    static EtsiValidationPolicy policy() throws Exception {
        var facade = ValidationPolicyFacade.newFacade();
        var constraints = facade.unmarshall(EuropeanDss.class.getResourceAsStream("/policy/constraint.xml"));
        var signatures = constraints.getSignatureConstraints().getBasicSignatureConstraints();
        signatures.getSigningCertificate().getRevocationDataAvailable().setLevel(Level.IGNORE);
        return new EtsiValidationPolicy(constraints);
    }

    /** Arguments: write CONTAINER KEYSTORE PASSWORD FILE… */
    static void write(String[] arguments) throws Exception {
        var documents = new ArrayList<DSSDocument>();
        for (int at = 4; at < arguments.length; at++) {
            documents.add(new FileDocument(arguments[at]));
        }
        try (var token = new Pkcs12SignatureToken(arguments[2], new PasswordProtection(arguments[3].toCharArray()))) {
            var key = token.getKeys().get(0);
            var parameters = new ASiCWithCAdESSignatureParameters();
            parameters.aSiC().setContainerType(ASiCContainerType.ASiC_E);
            parameters.setSignatureLevel(SignatureLevel.CAdES_BASELINE_B);
            parameters.setDigestAlgorithm(DigestAlgorithm.SHA256);
            parameters.setSigningCertificate(key.getCertificate());
            parameters.setCertificateChain(List.of(key.getCertificateChain()));
            var service = new ASiCWithCAdESService(new CommonCertificateVerifier());
            var value = token.sign(service.getDataToSign(documents, parameters), DigestAlgorithm.SHA256, key);
            service.signDocument(documents, parameters, value).save(arguments[1]);
        }
    }
}
