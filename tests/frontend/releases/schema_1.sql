BEGIN TRANSACTION;
CREATE TABLE askings (
	message VARCHAR(32) NOT NULL, 
	parameters TEXT NOT NULL, 
	PRIMARY KEY (message), 
	FOREIGN KEY(message) REFERENCES messages (id) ON DELETE CASCADE
);
INSERT INTO "askings" VALUES('837257926e6a48719a885d1252e0d3aa','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}');
INSERT INTO "askings" VALUES('d9d97aaf728240dcbe59d8f7d46eb602','{"model": "glm-4.6v-flash", "temperature": 0.7, "max_tokens": 512}');
INSERT INTO "askings" VALUES('817968c1413b463fb6bbc4d6cbbcaedd','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}');
INSERT INTO "askings" VALUES('c6e683ccf367471bb0ea88b0cea0ce1e','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}');
INSERT INTO "askings" VALUES('bc0b9ec7104d4048ac84df6ec4cd65de','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}');
INSERT INTO "askings" VALUES('75a0b07f79144b92bf09b99db1712372','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}');
INSERT INTO "askings" VALUES('6500f14188d44dc4965f198c52ece146','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}');
CREATE TABLE attachments (
	id INTEGER NOT NULL, 
	conversation VARCHAR(32) NOT NULL, 
	message VARCHAR(32), 
	sha256 VARCHAR(64) NOT NULL, 
	filename TEXT NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	media_type VARCHAR(60) NOT NULL, 
	size INTEGER NOT NULL, 
	pages INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	added_at FLOAT NOT NULL, 
	removed_at FLOAT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conversation) REFERENCES conversations (id) ON DELETE CASCADE, 
	FOREIGN KEY(message) REFERENCES messages (id) ON DELETE CASCADE
);
INSERT INTO "attachments" VALUES(1,'5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01','10fa8145bfc747d2a00ca85863e2bbe4','4aef4446aedd55393cc2f56bef08afacdc992ee43fb2065dbf02858cb55e8232','租赁合同 2026.pdf','document','application/pdf',20480,2,0,0,1.79581408714417076113e+09,NULL);
INSERT INTO "attachments" VALUES(2,'5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a02','ed7e143e99cb442ea17e69bad6e14af4','d41dc3a6a3217a4157c2f031b51e4661e133c8f5d04f0160ad845608dde53887','Larkspur supply agreement.pdf','document','application/pdf',20480,7,0,0,1.79581408791312813763e+09,NULL);
INSERT INTO "attachments" VALUES(3,'5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a02','ed7e143e99cb442ea17e69bad6e14af4','9c6d2a507163f05e9089c1c3ae157e3c40c1e381d5478034be40b7b71ad2d96b','Delivery note.png','image','image/png',20480,1,1280,960,1.79581408793503165244e+09,1.79581408808987045286e+09);
CREATE TABLE conversations (
	id VARCHAR(32) NOT NULL, 
	owner VARCHAR(80) NOT NULL, 
	title TEXT NOT NULL, 
	parameters TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "conversations" VALUES('5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01','local','租金是多少,何时支付?','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}',1.79581408702184772488e+09,1.79581408789218592647e+09);
INSERT INTO "conversations" VALUES('5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a02','local','Which law governs?','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}',1.795814087912060976e+09,1.79581408811733198166e+09);
INSERT INTO "conversations" VALUES('5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a03','anna','Wie lange ist die Kündigungsfrist?','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}',1.79581408812363719942e+09,1.79581408891503572456e+09);
CREATE TABLE earlier_answers (
	id INTEGER NOT NULL, 
	message VARCHAR(32) NOT NULL, 
	text TEXT NOT NULL, 
	reasoning TEXT NOT NULL, 
	receipt TEXT, 
	asked TEXT, 
	replaced_at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(message) REFERENCES messages (id) ON DELETE CASCADE
);
INSERT INTO "earlier_answers" VALUES(1,'d9d97aaf728240dcbe59d8f7d46eb602','押金为两个月租金。','','{"model": "GLM-4.6V-Flash", "route": "multimodal", "route_reason": "pages are shown as pictures", "reason": "stop", "warning": "", "prompt_tokens": 1204, "completion_tokens": 38, "cached_tokens": 960, "pages": 2, "pages_used": 2, "methods": {"text_layer": 1, "vision": 1}, "hidden": 0, "queue_seconds": 0.01, "reading_seconds": 0.2, "first_token_seconds": 0.4, "total_seconds": 1.7, "answer_cached": false, "seed": 11, "reasoning_tokens": 0, "image_tokens": 0, "boxes": []}','{"model": "glm-4.6v-flash", "temperature": 0.0, "max_tokens": 512}',1.795814087850433588e+09);
CREATE TABLE erasures (
	owner VARCHAR(80) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (owner, sha256)
);
INSERT INTO "erasures" VALUES('local','9c6d2a507163f05e9089c1c3ae157e3c40c1e381d5478034be40b7b71ad2d96b');
INSERT INTO "erasures" VALUES('local','c6fd6fdd0b312463b42acd004dfba54fa0ca2637b6666e18900d8a2838bffc5a');
CREATE TABLE facts (
	name VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "facts" VALUES('schema_version','1');
CREATE TABLE messages (
	id VARCHAR(32) NOT NULL, 
	conversation VARCHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	role VARCHAR(12) NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	text TEXT NOT NULL, 
	reasoning TEXT NOT NULL, 
	turn_key VARCHAR(64), 
	request_id VARCHAR(64), 
	heard INTEGER NOT NULL, 
	error_code VARCHAR(60) NOT NULL, 
	error TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (conversation, position), 
	FOREIGN KEY(conversation) REFERENCES conversations (id) ON DELETE CASCADE, 
	UNIQUE (turn_key), 
	UNIQUE (request_id)
);
INSERT INTO "messages" VALUES('10fa8145bfc747d2a00ca85863e2bbe4','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01',0,'user','asked','租金是多少,何时支付?','','ed724fe842604c98ab88cb475b26ef50',NULL,0,'','',1.79581408723752927779e+09,1.79581408723752927779e+09);
INSERT INTO "messages" VALUES('837257926e6a48719a885d1252e0d3aa','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01',1,'assistant','finished','月租金为人民币 12,000 元,每月 5 日前支付。[第 2 页]','先找到租金条款。',NULL,'b7d139b7c07b46a4838fb25abb9a1257',9,'','',1.79581408723754191395e+09,1.79581408741368341443e+09);
INSERT INTO "messages" VALUES('80aa83c6855e4cbb8665f0ac04bd9e09','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01',2,'user','asked','押金呢?','','875fab4f0ae74f518212c29b42757996',NULL,0,'','',1.79581408776925659179e+09,1.79581408776925659179e+09);
INSERT INTO "messages" VALUES('d9d97aaf728240dcbe59d8f7d46eb602','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01',3,'assistant','finished','押金为人民币 24,000 元,即两个月租金。','',NULL,'6a041a6707694e95a1af53833408a96b',12,'','',1.79581408786955070496e+09,1.79581408789064764976e+09);
INSERT INTO "messages" VALUES('ed7e143e99cb442ea17e69bad6e14af4','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a02',0,'user','asked','Which law governs?','','89788898518348869b62dcfbe823ce2e',NULL,0,'','',1.79581408796217393882e+09,1.79581408796217393882e+09);
INSERT INTO "messages" VALUES('817968c1413b463fb6bbc4d6cbbcaedd','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a02',1,'assistant','finished','The laws of the State of Ohio. [p. 7]','',NULL,'21a34d46caa64990b30934ef9c672e90',9,'','',1.79581408796218681338e+09,1.795814087997234106e+09);
INSERT INTO "messages" VALUES('c2ea4a3becfa461885db06a9aff8d081','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a02',2,'user','asked','And the notice period?','','a4fdf70845b64bcab28db9c5cf4c258d',NULL,0,'','',1.79581408803458523757e+09,1.79581408803458523757e+09);
INSERT INTO "messages" VALUES('c6e683ccf367471bb0ea88b0cea0ce1e','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a02',3,'assistant','failed','','',NULL,'e0e0bbd0fb0c4eb2ab72224059fa8370',9,'backend_unavailable','The backend is not there.',1.79581408803459787373e+09,1.79581408805471205714e+09);
INSERT INTO "messages" VALUES('8a2574cdb3574776849731cf4391a20d','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a03',0,'user','asked','Wie lange ist die Kündigungsfrist?','','740dee89e19a4a8b98f4e1596764248c',NULL,0,'','',1.79581408813630843167e+09,1.79581408813630843167e+09);
INSERT INTO "messages" VALUES('bc0b9ec7104d4048ac84df6ec4cd65de','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a03',1,'assistant','finished','ÜBERGABE nach dreißig Tagen.','',NULL,'c2485294135f440bac2429b3d2a9fa88',9,'','',1.79581408813632059096e+09,1.79581408822078919407e+09);
INSERT INTO "messages" VALUES('c8266b0579a04a15b6f79011852b8865','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a03',2,'user','asked','Und sonst?','','6cafc28888174793a5f06a1e65bd1c25',NULL,0,'','',1.79581408882965254782e+09,1.79581408882965254782e+09);
INSERT INTO "messages" VALUES('75a0b07f79144b92bf09b99db1712372','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a03',3,'assistant','lost','Nur zur Hälfte ges','',NULL,'d83ce43b9d164ff598a51f7d56b31d42',9,'','',1.79581408882966399188e+09,1.7958140888380045891e+09);
INSERT INTO "messages" VALUES('fb50144fa9d24ea59d39b22756b240ce','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a03',4,'user','asked','Noch eine Frage','','454f42abc9624b92ada7e59006ce13d8',NULL,0,'','',1.79581408890862107277e+09,1.79581408890862107277e+09);
INSERT INTO "messages" VALUES('6500f14188d44dc4965f198c52ece146','5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a03',5,'assistant','running','','',NULL,'a82ca10888a143b483d1a4309240bbf3',0,'','',1.79581408890863394737e+09,1.79581408890863394737e+09);
CREATE TABLE pins (
	conversation VARCHAR(32) NOT NULL, 
	pinned_at FLOAT NOT NULL, 
	PRIMARY KEY (conversation), 
	FOREIGN KEY(conversation) REFERENCES conversations (id) ON DELETE CASCADE
);
INSERT INTO "pins" VALUES('5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01',1.79581408789741969102e+09);
CREATE TABLE receipts (
	message VARCHAR(32) NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (message), 
	FOREIGN KEY(message) REFERENCES messages (id) ON DELETE CASCADE
);
INSERT INTO "receipts" VALUES('837257926e6a48719a885d1252e0d3aa','{"model": "GLM-4.6V-Flash", "route": "multimodal", "route_reason": "pages are shown as pictures", "reason": "stop", "warning": "", "prompt_tokens": 1204, "completion_tokens": 38, "cached_tokens": 960, "pages": 2, "pages_used": 2, "methods": {"text_layer": 1, "vision": 1}, "hidden": 0, "queue_seconds": 0.01, "reading_seconds": 0.2, "first_token_seconds": 0.4, "total_seconds": 1.7, "answer_cached": false, "seed": 11, "reasoning_tokens": 0, "image_tokens": 0, "boxes": [{"sha256": "4aef4446aedd55393cc2f56bef08afacdc992ee43fb2065dbf02858cb55e8232", "page": 2, "label": "\u79df\u91d1", "left": 0.1, "top": 0.2, "right": 0.8, "bottom": 0.3}]}');
INSERT INTO "receipts" VALUES('d9d97aaf728240dcbe59d8f7d46eb602','{"model": "GLM-4.6V-Flash", "route": "multimodal", "route_reason": "pages are shown as pictures", "reason": "stop", "warning": "", "prompt_tokens": 1204, "completion_tokens": 38, "cached_tokens": 960, "pages": 2, "pages_used": 2, "methods": {"text_layer": 1, "vision": 1}, "hidden": 0, "queue_seconds": 0.01, "reading_seconds": 0.2, "first_token_seconds": 0.4, "total_seconds": 1.7, "answer_cached": false, "seed": 11, "reasoning_tokens": 0, "image_tokens": 0, "boxes": []}');
INSERT INTO "receipts" VALUES('817968c1413b463fb6bbc4d6cbbcaedd','{"model": "GLM-4.6V-Flash", "route": "multimodal", "route_reason": "pages are shown as pictures", "reason": "stop", "warning": "", "prompt_tokens": 1204, "completion_tokens": 38, "cached_tokens": 960, "pages": 2, "pages_used": 2, "methods": {"text_layer": 1, "vision": 1}, "hidden": 0, "queue_seconds": 0.01, "reading_seconds": 0.2, "first_token_seconds": 0.4, "total_seconds": 1.7, "answer_cached": false, "seed": 11, "reasoning_tokens": 0, "image_tokens": 0, "boxes": []}');
INSERT INTO "receipts" VALUES('bc0b9ec7104d4048ac84df6ec4cd65de','{"model": "GLM-4.6V-Flash", "route": "multimodal", "route_reason": "pages are shown as pictures", "reason": "stop", "warning": "", "prompt_tokens": 1204, "completion_tokens": 38, "cached_tokens": 960, "pages": 2, "pages_used": 2, "methods": {"text_layer": 1, "vision": 1}, "hidden": 0, "queue_seconds": 0.01, "reading_seconds": 0.2, "first_token_seconds": 0.4, "total_seconds": 1.7, "answer_cached": false, "seed": 11, "reasoning_tokens": 0, "image_tokens": 0, "boxes": []}');
INSERT INTO "receipts" VALUES('75a0b07f79144b92bf09b99db1712372','{"model": "GLM-4.6V-Flash", "route": "multimodal", "route_reason": "pages are shown as pictures", "reason": "stop", "warning": "", "prompt_tokens": 1204, "completion_tokens": 38, "cached_tokens": 960, "pages": 2, "pages_used": 2, "methods": {"text_layer": 1, "vision": 1}, "hidden": 0, "queue_seconds": 0.01, "reading_seconds": 0.2, "first_token_seconds": 0.4, "total_seconds": 1.7, "answer_cached": false, "seed": 11, "reasoning_tokens": 0, "image_tokens": 0, "boxes": []}');
CREATE TABLE replays (
	message VARCHAR(32) NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (message), 
	FOREIGN KEY(message) REFERENCES messages (id) ON DELETE CASCADE
);
INSERT INTO "replays" VALUES('837257926e6a48719a885d1252e0d3aa','{"same": true, "text": "", "reasoning": "", "tokens": 38, "seconds": 1.6, "replayed_at": 1795814087.7533054}');
CREATE TABLE work_comparisons (
	job VARCHAR(32) NOT NULL, 
	old_file INTEGER NOT NULL, 
	new_file INTEGER NOT NULL, 
	content TEXT, 
	PRIMARY KEY (job), 
	FOREIGN KEY(job) REFERENCES work_jobs (id) ON DELETE CASCADE, 
	FOREIGN KEY(old_file) REFERENCES work_files (id) ON DELETE CASCADE, 
	FOREIGN KEY(new_file) REFERENCES work_files (id) ON DELETE CASCADE
);
INSERT INTO "work_comparisons" VALUES('30f9611545dd4dbd8471859985c449ed',4,5,'{"old": {"pages": 2, "missed": []}, "new": {"pages": 2, "missed": []}, "pages": [{"old": 1, "new": 1, "is_same": true}, {"old": null, "new": 2, "is_same": false}, {"old": 2, "new": null, "is_same": false}], "clauses": [{"change": "changed", "old": {"text": "It lasts for 3 years.", "page": 2, "boxes": [{"page": 2, "left": 0.05, "top": 0.05, "right": 0.26, "bottom": 0.066}]}, "new": {"text": "It lasts for 5 years.", "page": 2, "boxes": [{"page": 2, "left": 0.05, "top": 0.05, "right": 0.26, "bottom": 0.066}]}, "edits": [{"old": "3", "new": "5"}]}]}');
CREATE TABLE work_corrections (
	file INTEGER NOT NULL, 
	field VARCHAR(60) NOT NULL, 
	value TEXT, 
	reviewer VARCHAR(80) NOT NULL, 
	corrected_at FLOAT NOT NULL, 
	PRIMARY KEY (file, field), 
	FOREIGN KEY(file) REFERENCES work_files (id) ON DELETE CASCADE
);
INSERT INTO "work_corrections" VALUES(1,'term','36 months','anna',1.7958140917638151646e+09);
INSERT INTO "work_corrections" VALUES(2,'term',NULL,'anna',1.79581409177655315395e+09);
INSERT INTO "work_corrections" VALUES(3,'law','中国法律(不含港澳台)','李雷',1.795814091821896553e+09);
CREATE TABLE work_fields (
	owner VARCHAR(80) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	content TEXT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	PRIMARY KEY (owner, name)
);
INSERT INTO "work_fields" VALUES('local','保密','{
  "name": "保密",
  "title": "保密协议",
  "language": "zh",
  "fields": [
    {
      "name": "term",
      "kind": "duration",
      "question": "保密期限?"
    }
  ]
}',1.79581409183761310575e+09);
CREATE TABLE work_files (
	id INTEGER NOT NULL, 
	job VARCHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	filename TEXT NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	media_type VARCHAR(60) NOT NULL, 
	size INTEGER NOT NULL, 
	pages INTEGER NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	pages_read INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	runner VARCHAR(32), 
	error_code VARCHAR(60) NOT NULL, 
	error TEXT NOT NULL, 
	result TEXT, 
	updated_at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (job, position), 
	FOREIGN KEY(job) REFERENCES work_jobs (id) ON DELETE CASCADE
);
INSERT INTO "work_files" VALUES(1,'7b74b6b13e5e490299f3c938f2c274d6',0,'49ebe709ef69c997f17b32d3e01aa6fcc8e934c6533abc32060c1fe5f4de408f','one.pdf','document','application/pdf',32,1,'done',1,1,NULL,'','','{"sha256": "49ebe709ef69c997f17b32d3e01aa6fcc8e934c6533abc32060c1fe5f4de408f", "filename": "one.pdf", "findings": [{"field": "term", "state": "found", "values": [{"said": "3 years", "normal": "3 years", "exactness": "verbatim", "score": 1.0, "page": 1, "pages": [1], "text": "3 years", "quote": "It lasts for 3 years.", "boxes": [{"page": 1, "left": 0.18, "top": 0.07, "right": 0.26, "bottom": 0.08600000000000001}]}], "raw": ["3 years"]}, {"field": "law", "state": "not_stated", "values": [], "raw": [null]}], "coverage": {"pages": 1, "missed": []}, "hidden": [], "windows": 1, "retries": 0, "model": "fake-model", "seconds": 0.001}',1.79581408967898035044e+09);
INSERT INTO "work_files" VALUES(2,'7b74b6b13e5e490299f3c938f2c274d6',1,'4b95f90246ab732e3f9c0daee69488860f0df328f67b22f4575238a23976b215','two.pdf','document','application/pdf',32,1,'done',1,1,NULL,'','','{"sha256": "4b95f90246ab732e3f9c0daee69488860f0df328f67b22f4575238a23976b215", "filename": "two.pdf", "findings": [{"field": "term", "state": "found", "values": [{"said": "5 years", "normal": "5 years", "exactness": "verbatim", "score": 1.0, "page": 1, "pages": [1], "text": "5 years", "quote": "It lasts for 5 years.", "boxes": [{"page": 1, "left": 0.18, "top": 0.07, "right": 0.26, "bottom": 0.08600000000000001}]}], "raw": ["5 years"]}, {"field": "law", "state": "not_stated", "values": [], "raw": [null]}], "coverage": {"pages": 1, "missed": []}, "hidden": [], "windows": 1, "retries": 0, "model": "fake-model", "seconds": 0.001}',1.7958140898814282417e+09);
INSERT INTO "work_files" VALUES(3,'2b0296701d39418eb0737b72e2e9d266',0,'3e216256b3d51169cf806cb6df09026f03ef0731067987d411aaddf83d8218e2','租赁.pdf','document','application/pdf',92,1,'done',1,1,NULL,'','','{"sha256": "3e216256b3d51169cf806cb6df09026f03ef0731067987d411aaddf83d8218e2", "filename": "租赁.pdf", "findings": [{"field": "term", "state": "found", "values": [{"said": "三年", "normal": "3 years", "exactness": "verbatim", "score": 1.0, "page": 1, "pages": [1], "text": "三年", "quote": "合同期限为三年。", "boxes": [{"page": 1, "left": 0.1, "top": 0.07, "right": 0.12000000000000001, "bottom": 0.08600000000000001}]}], "raw": ["三年"]}, {"field": "law", "state": "found", "values": [{"said": "中华人民共和国法律", "normal": "中华人民共和国法律", "exactness": "verbatim", "score": 1.0, "page": 1, "pages": [1], "text": "中华人民共和国法律", "quote": "本合同适用中华人民共和国法律。", "boxes": [{"page": 1, "left": 0.1, "top": 0.09, "right": 0.19000000000000006, "bottom": 0.106}]}], "raw": ["中华人民共和国法律"]}], "coverage": {"pages": 1, "missed": []}, "hidden": [], "windows": 1, "retries": 0, "model": "fake-model", "seconds": 0.001}',1.79581408973315072058e+09);
INSERT INTO "work_files" VALUES(4,'30f9611545dd4dbd8471859985c449ed',0,'0cf6989513f56c213d9ab73f61e2264e8083d44eabec4688b4ed3d4b1bda7312','old.pdf','document','application/pdf',33,2,'done',2,1,NULL,'','','{"sha256": "0cf6989513f56c213d9ab73f61e2264e8083d44eabec4688b4ed3d4b1bda7312", "filename": "old.pdf", "findings": [{"field": "term", "state": "found", "values": [{"said": "3 years", "normal": "3 years", "exactness": "verbatim", "score": 1.0, "page": 2, "pages": [2], "text": "3 years", "quote": "It lasts for 3 years.", "boxes": [{"page": 2, "left": 0.18, "top": 0.05, "right": 0.26, "bottom": 0.066}]}], "raw": ["3 years"]}, {"field": "law", "state": "not_stated", "values": [], "raw": [null]}], "coverage": {"pages": 2, "missed": []}, "hidden": [], "windows": 1, "retries": 0, "model": "fake-model", "seconds": 0.001}',1.79581409022391247747e+09);
INSERT INTO "work_files" VALUES(5,'30f9611545dd4dbd8471859985c449ed',1,'a5862b612435460180b108652795c1bfbafcbbb01ded8e20579a79b0b0ea437a','new.pdf','document','application/pdf',33,2,'done',2,1,NULL,'','','{"sha256": "a5862b612435460180b108652795c1bfbafcbbb01ded8e20579a79b0b0ea437a", "filename": "new.pdf", "findings": [{"field": "term", "state": "found", "values": [{"said": "5 years", "normal": "5 years", "exactness": "verbatim", "score": 1.0, "page": 2, "pages": [2], "text": "5 years", "quote": "It lasts for 5 years.", "boxes": [{"page": 2, "left": 0.18, "top": 0.05, "right": 0.26, "bottom": 0.066}]}], "raw": ["5 years"]}, {"field": "law", "state": "not_stated", "values": [], "raw": [null]}], "coverage": {"pages": 2, "missed": []}, "hidden": [], "windows": 1, "retries": 0, "model": "fake-model", "seconds": 0.001}',1.79581409049264931676e+09);
INSERT INTO "work_files" VALUES(6,'4894052101c747c4b73df3ac2b8e7531',0,'9dbca8688de209f5fa55bd645be4208eb6a16cada6d3229092aa3451691a6dd6','w1.pdf','document','application/pdf',32,1,'running',0,1,'a-runner-that-was-killed','','',NULL,1.7958140923786211014e+09);
INSERT INTO "work_files" VALUES(7,'4894052101c747c4b73df3ac2b8e7531',1,'050109b41e67e9845658eaff4e699cdbddd0ee80d5291be4878b5df96c8e3862','w2.pdf','document','application/pdf',32,1,'waiting',0,0,NULL,'','',NULL,1.79581409211376547812e+09);
CREATE TABLE work_jobs (
	id VARCHAR(32) NOT NULL, 
	owner VARCHAR(80) NOT NULL, 
	title TEXT NOT NULL, 
	fields TEXT NOT NULL, 
	options TEXT NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	served_at FLOAT NOT NULL, 
	created_at FLOAT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "work_jobs" VALUES('7b74b6b13e5e490299f3c938f2c274d6','local','Supply contracts','{
  "name": "terms",
  "title": "Terms",
  "language": "en",
  "fields": [
    {
      "name": "term",
      "kind": "duration",
      "question": "How long?"
    },
    {
      "name": "law",
      "kind": "text",
      "question": "Which law governs?"
    }
  ]
}','{"threads": 2}','finished',1.79581408982820487025e+09,1.79581408915567445759e+09,1.79581408989212489134e+09);
INSERT INTO "work_jobs" VALUES('2b0296701d39418eb0737b72e2e9d266','local','租赁合同','{
  "name": "terms_zh",
  "title": "期限与法律",
  "language": "zh",
  "fields": [
    {
      "name": "term",
      "kind": "duration",
      "question": "合同期限多长?"
    },
    {
      "name": "law",
      "kind": "text",
      "question": "适用哪国法律?"
    }
  ]
}','{"threads": 2}','finished',1.79581408960837864878e+09,1.79581408938146686558e+09,1.79581408973359918593e+09);
INSERT INTO "work_jobs" VALUES('30f9611545dd4dbd8471859985c449ed','local','Two versions','{
  "name": "terms",
  "title": "Terms",
  "language": "en",
  "fields": [
    {
      "name": "term",
      "kind": "duration",
      "question": "How long?"
    },
    {
      "name": "law",
      "kind": "text",
      "question": "Which law governs?"
    }
  ]
}','{"threads": 2}','finished',1.79581409031667518618e+09,1.79581409008894872666e+09,1.79581409049355983733e+09);
INSERT INTO "work_jobs" VALUES('4894052101c747c4b73df3ac2b8e7531','local','Waiting','{
  "name": "terms",
  "title": "Terms",
  "language": "en",
  "fields": [
    {
      "name": "term",
      "kind": "duration",
      "question": "How long?"
    },
    {
      "name": "law",
      "kind": "text",
      "question": "Which law governs?"
    }
  ]
}','{"threads": 2}','running',1.79581409237911963461e+09,1.79581409211178922658e+09,1.79581409211178922658e+09);
CREATE TABLE work_runners (
	id VARCHAR(32) NOT NULL, 
	seen_at FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "work_runners" VALUES('a-runner-that-was-killed',1795814092.12791);
CREATE TABLE work_summaries (
	file INTEGER NOT NULL, 
	about VARCHAR(20) NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	content TEXT, 
	error_code VARCHAR(60) NOT NULL, 
	error TEXT NOT NULL, 
	runner VARCHAR(32), 
	asked_at FLOAT NOT NULL, 
	PRIMARY KEY (file, about, language), 
	FOREIGN KEY(file) REFERENCES work_files (id) ON DELETE CASCADE
);
INSERT INTO "work_summaries" VALUES(1,'dates','en','{"about": "dates", "language": "en", "filename": "one.pdf", "sentences": [{"text": "Periods and deadlines", "pages": [], "begins_point": true, "is_heading": true, "quote": "", "boxes": [], "is_quoted": false}, {"text": "3 years", "pages": [1], "begins_point": true, "is_heading": false, "quote": "It lasts for 3 years.", "boxes": [{"page": 1, "left": 0.18, "top": 0.07, "right": 0.26, "bottom": 0.08600000000000001}], "is_quoted": true}], "tally": {"kept": 0, "dropped": 0, "added": 0, "unsupported": 0}, "coverage": {"pages": 1, "missed": []}, "hidden": [], "requests": 0, "model": ""}','','',NULL,1.79581408995663356783e+09);
INSERT INTO "work_summaries" VALUES(2,'risks','zh',NULL,'','',NULL,1.7958140920964095592e+09);
CREATE INDEX conversations_by_owner ON conversations (owner, updated_at);
CREATE INDEX work_jobs_by_owner ON work_jobs (owner, created_at);
CREATE INDEX work_files_by_state ON work_files (state, job);
CREATE INDEX ix_receipts_message ON receipts (message);
CREATE INDEX ix_earlier_answers_message ON earlier_answers (message);
CREATE INDEX attachments_by_file ON attachments (sha256);
CREATE INDEX attachments_by_conversation ON attachments (conversation);
COMMIT;
