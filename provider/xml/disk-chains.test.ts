// Which images a domain's disks are made of.
import { diskChains } from "./disk-chains";

const domain = (disks: string) => `<domain><devices>${disks}<interface type='user'/></devices></domain>`;

test.each([
  { because: "no disks", xml: domain(""), chains: [] },
  { because: "no devices", xml: "<domain/>", chains: [] },
  {
    because: "a stopped domain's file",
    xml: domain("<disk type='file'><source file='/p/a.img'/><target dev='vda'/></disk>"),
    chains: [{ target: "vda", images: ["/p/a.img"] }],
  },
  {
    because: "an empty drive",
    xml: domain("<disk type='file' device='cdrom'><target dev='sda'/></disk>"),
    chains: [{ target: "sda", images: [] }],
  },
  {
    because: "a running domain's chain, its end marked by an empty element",
    xml: domain(
      `<disk type='file'><source file='/p/top' index='1'/>
       <backingStore type='file' index='2'><format type='qcow2'/><source file='/p/mid'/>
       <backingStore type='block' index='3'><format type='raw'/><source dev='/dev/vg/base'/><backingStore/></backingStore></backingStore>
       <target dev='vdb'/></disk>`,
    ),
    chains: [{ target: "vdb", images: ["/p/top", "/p/mid", "/dev/vg/base"] }],
  },
  {
    because: "network images by name, and a block job's destination",
    xml: domain(
      `<disk type='network'><source protocol='rbd' name='pool/image'><host name='h'/></source>
       <mirror type='file' job='copy'><format type='qcow2'/><source file='/p/copy'/></mirror><target dev='vdc'/></disk>`,
    ),
    chains: [{ target: "vdc", images: ["pool/image", "/p/copy"] }],
  },
])("$because", ({ xml, chains }) => {
  expect(diskChains(xml)).toEqual(chains);
});
