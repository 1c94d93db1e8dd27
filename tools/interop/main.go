// SPDX-License-Identifier: Apache-2.0

// Puts what Custody writes before the libraries of others, and does the small things that their programs need.
// tools/interop/run calls it; each command prints what it found, and ends with status 1 where something is not as it must be.
package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"filippo.io/torchwood"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
	fnote "github.com/transparency-dev/formats/note"
	fproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

func read(path string) []byte {
	data, err := os.ReadFile(path)
	must(err)
	return data
}

func line(path string) string {
	return strings.TrimSpace(string(read(path)))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func refuse(format string, values ...any) {
	must(fmt.Errorf(format, values...))
}

func flipped(data []byte, at int) []byte {
	changed := bytes.Clone(data)
	changed[at] ^= 1
	return changed
}

// The same text to whoever reads base64 as Go does: bits behind the last byte are not looked at.
func sameToGo(a, b []byte) bool {
	fieldsA, fieldsB := bytes.Fields(a), bytes.Fields(b)
	if len(fieldsA) != len(fieldsB) {
		return false
	}
	for i := range fieldsA {
		if bytes.Equal(fieldsA[i], fieldsB[i]) {
			continue
		}
		before, errBefore := base64.StdEncoding.DecodeString(string(fieldsA[i]))
		after, errAfter := base64.StdEncoding.DecodeString(string(fieldsB[i]))
		if errBefore != nil || errAfter != nil || !bytes.Equal(before, after) {
			return false
		}
	}
	return true
}

// Changes each byte before `end` in turn, but for a line of extra data, which nobody signed; all must be refused but those that
// change nothing to Go.
func eachByte(name string, data []byte, end int, check func([]byte) error) {
	extra := bytes.Index(data[:end], []byte("\nextra ")) + 1
	refused, ignored := 0, 0
	must(check(data))
	for at := 0; at < end; at++ {
		if extra > 0 && at == extra {
			at += bytes.IndexByte(data[extra:], '\n') + 1
		}
		changed := flipped(data, at)
		err := check(changed)
		switch {
		case err != nil:
			refused++
		case sameToGo(data, changed):
			ignored++
		default:
			refuse("%s: accepted with byte %d changed", name, at)
		}
	}
	fmt.Printf("%s: accepted; refused with each of %d bytes changed (%d more only change bits that Go's base64 ignores)\n",
		name, refused, ignored)
}

// Where the first signature line of the note that ends `data` is over.
func endOfLogLine(data []byte) int {
	blank := bytes.LastIndex(data, []byte("\n\n"))
	return blank + 2 + bytes.IndexByte(data[blank+2:], '\n')
}

// --- keys and foreign witnesses -------------------------------------------------------------------------------

// keygen NAME FILE: a key as Go's notes have it; prints its verifier key and that of a witness with the same key.
func keygen(name, file string) {
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	must(err)
	must(os.WriteFile(file, []byte(skey), 0o600))
	cosigner, err := fnote.VKeyToCosignatureV1(vkey)
	must(err)
	fmt.Printf("%s\n%s\n", vkey, cosigner)
}

// agent SOCKET: an agent with one key, for litewitness; prints the key's fingerprint and serves.
func serveAgent(socket string) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	keyring := agent.NewKeyring()
	must(keyring.Add(agent.AddedKey{PrivateKey: key}))
	listener, err := net.Listen("unix", socket)
	must(err)
	public, err := ssh.NewPublicKey(key.Public())
	must(err)
	fmt.Println(ssh.FingerprintSHA256(public))
	for {
		connection, err := listener.Accept()
		must(err)
		go func() { _ = agent.ServeAgent(keyring, connection) }()
	}
}

// add-log DATABASE ORIGIN VKEY: lets litewitness witness that log, as its own witnessctl does.
func addLog(database, origin, vkey string) {
	db, err := sqlite.OpenConn(database, 0)
	must(err)
	empty := base64.StdEncoding.EncodeToString(rfc6962.DefaultHasher.EmptyRoot())
	must(sqlitex.Execute(db, "INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)",
		&sqlitex.ExecOptions{Args: []any{origin, empty}}))
	must(sqlitex.Execute(db, "INSERT INTO key (origin, key) VALUES (?, ?)", &sqlitex.ExecOptions{Args: []any{origin, vkey}}))
	must(db.Close())
}

// port: a port that is free right now.
func freePort() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	must(listener.Close())
}

// serve FOLDER: a plain file server; prints its address.
func serve(folder string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Printf("http://%s\n", listener.Addr())
	must(http.Serve(listener, http.FileServer(http.Dir(folder))))
}

// --- notes ------------------------------------------------------------------------------------------------------

// note KEYFILE FILE: a checkpoint, by golang.org/x/mod.
func checkNote(keyFile, file string) {
	verifier, err := note.NewVerifier(line(keyFile))
	must(err)
	data := read(file)
	eachByte("checkpoint, golang.org/x/mod/sumdb/note", data, endOfLogLine(data), func(data []byte) error {
		opened, err := note.Open(data, note.VerifierList(verifier))
		if err != nil {
			return err
		}
		_, err = tlog.ParseTree([]byte("go.sum database tree\n" + strings.SplitN(opened.Text, "\n", 2)[1]))
		return err
	})
}

// cosigned KEYFILE FILE VKEY...: the log and all these witnesses stand on the checkpoint, by transparency-dev/formats.
func checkCosigned(keyFile, file string, witnesses []string) {
	verifier, err := note.NewVerifier(line(keyFile))
	must(err)
	verifiers := []note.Verifier{verifier}
	for _, vkey := range witnesses {
		witness, err := fnote.NewVerifierForCosignatureV1(vkey)
		must(err)
		verifiers = append(verifiers, witness)
	}
	opened, err := note.Open(read(file), note.VerifierList(verifiers...))
	must(err)
	if len(opened.Sigs) != len(verifiers) {
		refuse("%d of %d signatures stand on the checkpoint", len(opened.Sigs), len(verifiers))
	}
	for _, sig := range opened.Sigs[1:] {
		when, err := fnote.CoSigV1Timestamp(sig)
		must(err)
		fmt.Printf("cosigned by %s at %s\n", sig.Name, when.UTC().Format("2006-01-02T15:04:05Z"))
	}
}

// --- proofs -----------------------------------------------------------------------------------------------------

func checkByFormats(verifier note.Verifier, entry, data []byte) error {
	var parsed fproof.TLogProof
	if err := parsed.Unmarshal(data); err != nil {
		return err
	}
	opened, err := note.Open(parsed.Checkpoint, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	checkpoint, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		return err
	}
	hashes := make([][]byte, len(parsed.Hashes))
	for i := range parsed.Hashes {
		hashes[i] = parsed.Hashes[i][:]
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, parsed.Index, uint64(checkpoint.N),
		rfc6962.DefaultHasher.HashLeaf(entry), hashes, checkpoint.Hash[:])
}

// proof KEYFILE POLICYFILE PROOF ENTRY: a receipt, by transparency-dev's packages and by torchwood.
func checkProof(keyFile, policyFile, proofFile, entryFile string) {
	verifier, err := note.NewVerifier(line(keyFile))
	must(err)
	policy, err := torchwood.ParsePolicy(read(policyFile))
	must(err)
	data, entry := read(proofFile), read(entryFile)
	end := endOfLogLine(data)
	eachByte("receipt, transparency-dev/formats and merkle", data, end, func(data []byte) error {
		return checkByFormats(verifier, entry, data)
	})
	eachByte("receipt, torchwood with the policy", data, end, func(data []byte) error {
		return torchwood.VerifyProof(policy, tlog.RecordHash(entry), data)
	})
	if torchwood.VerifyProof(policy, tlog.RecordHash(flipped(entry, 9)), data) == nil ||
		checkByFormats(verifier, flipped(entry, 9), data) == nil {
		refuse("the receipt of another entry was accepted")
	}
	fmt.Println("receipt: refused for an entry with one byte changed")
}

// --- statements --------------------------------------------------------------------------------------------------

type enrolment struct {
	Actor string `json:"actor"`
	Key   string `json:"key"`
}

type statement struct {
	Signers   []string    `json:"signers"`
	LogKey    string      `json:"log_key"`
	ClerkKey  string      `json:"clerk_key"`
	Enrolment enrolment   `json:"enrolment"`
	Admins    []enrolment `json:"admins"`
}

// The keys that entries so far enrolled: who they are for is Custody's matter, here they only have to verify.
type keys map[string]string

func (known keys) learn(s statement) {
	for name, vkey := range map[string]string{"log": s.LogKey, "clerk": s.ClerkKey, s.Enrolment.Actor: s.Enrolment.Key} {
		if name != "" && vkey != "" {
			known[name] = vkey
		}
	}
	for _, admin := range s.Admins {
		known[admin.Actor] = admin.Key
	}
}

func (known keys) verifier(name string) (dsse.Verifier, error) {
	parts := strings.SplitN(known[name], "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("no key of %q", name)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return nil, errors.New("no Ed25519 key")
	}
	return signerverifier.NewED25519SignerVerifierFromSSLibKey(&signerverifier.SSLibKey{
		KeyID:   parts[1],
		KeyType: signerverifier.ED25519KeyType,
		Scheme:  "ed25519",
		KeyVal:  signerverifier.KeyVal{Public: fmt.Sprintf("%x", raw[1:])},
	})
}

func (known keys) check(envelope *dsse.Envelope, signers []string) error {
	var verifiers []dsse.Verifier
	for _, name := range signers {
		verifier, err := known.verifier(name)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, verifier)
	}
	all, err := dsse.NewMultiEnvelopeVerifier(len(verifiers), verifiers...)
	if err != nil {
		return err
	}
	_, err = all.Verify(context.Background(), envelope)
	return err
}

func flippedText(text string, at int) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	must(err)
	return base64.StdEncoding.EncodeToString(flipped(raw, at%len(raw)))
}

func (known keys) mustRefuse(envelope dsse.Envelope, signers []string) {
	payload, kind, signature := envelope, envelope, envelope
	payload.Payload = flippedText(envelope.Payload, len(envelope.Payload)/3)
	kind.PayloadType += "x"
	signature.Signatures = append([]dsse.Signature{}, envelope.Signatures...)
	signature.Signatures[0].Sig = flippedText(envelope.Signatures[0].Sig, 5)
	for _, changed := range []*dsse.Envelope{&payload, &kind, &signature} {
		if known.check(changed, signers) == nil {
			refuse("an envelope was accepted with one byte changed")
		}
	}
}

// dsse BUNDLE: the envelopes of a bundle of entries, from the ledger's first on, by go-securesystemslib.
func checkEnvelopes(file string) {
	known := keys{}
	data := read(file)
	count, signatures := 0, 0
	for ; len(data) > 0; count++ {
		size := int(binary.BigEndian.Uint16(data))
		var entry struct {
			Statement dsse.Envelope `json:"statement"`
		}
		must(json.Unmarshal(data[2:2+size], &entry))
		data = data[2+size:]
		body, err := entry.Statement.DecodeB64Payload()
		must(err)
		var said statement
		must(json.Unmarshal(body, &said))
		known.learn(said)
		if err := known.check(&entry.Statement, said.Signers); err != nil {
			refuse("entry %d: %w", count, err)
		}
		known.mustRefuse(entry.Statement, said.Signers)
		signatures += len(said.Signers)
	}
	fmt.Printf("envelopes, go-securesystemslib: %d accepted with %d signatures; each refused with a byte of payload, type or signature changed\n",
		count, signatures)
}

func main() {
	args := os.Args[1:]
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case command == "keygen" && len(args) == 3:
		keygen(args[1], args[2])
	case command == "agent" && len(args) == 2:
		serveAgent(args[1])
	case command == "port" && len(args) == 1:
		freePort()
	case command == "serve" && len(args) == 2:
		serve(args[1])
	case command == "add-log" && len(args) == 4:
		addLog(args[1], args[2], args[3])
	case command == "note" && len(args) == 3:
		checkNote(args[1], args[2])
	case command == "cosigned" && len(args) > 3:
		checkCosigned(args[1], args[2], args[3:])
	case command == "proof" && len(args) == 5:
		checkProof(args[1], args[2], args[3], args[4])
	case command == "dsse" && len(args) == 2:
		checkEnvelopes(args[1])
	default:
		fmt.Fprintln(os.Stderr, "usage: interop keygen|agent|port|serve|add-log|note|cosigned|proof|dsse ...; see the source")
		os.Exit(4)
	}
}
